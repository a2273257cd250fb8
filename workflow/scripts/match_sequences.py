"""List the names that sequences, their table and the images do not share."""

import pandas as pd
from visgen.logs import start_log
from visgen.sequences.matching import find_unmatched
from visgen.sequences.name_tables import read_sequence_table
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
given, rank = snakemake.input, snakemake.params.rank
unmatched = find_unmatched(
    read_table(given.sequences),
    pd.read_parquet(given.specimens, columns=[rank])[rank].dropna().unique(),
    read_sequence_table(given.table[0]) if given.table else None,
)
print(unmatched.to_csv(sep="\t", index=False))
write_table(snakemake.output.unmatched, unmatched)
