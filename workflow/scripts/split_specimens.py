"""Deal specimens to training, validation and test parts."""

import pandas as pd
from visgen.logs import start_log
from visgen.splits import split_notes, split_specimens
from visgen.tables import write_table

start_log(snakemake.log[0])
params = snakemake.params
specimens = pd.read_parquet(snakemake.input.specimens)
parts = split_specimens(
    specimens,
    params.ranks,
    params.stratify_by,
    test=params.test,
    val=params.val,
    seed=int(snakemake.wildcards.seed),
)
write_table(snakemake.output.split, parts.reset_index())
notes = split_notes(specimens, parts, params.ranks)
write_table(snakemake.output.notes, notes)
