"""Check every sequence; write the table of all and the accepted ones."""

from visgen.genetics.sequences.accepted import write_accepted
from visgen.genetics.sequences.filters import Filters
from visgen.genetics.sequences.ingest import ingest
from visgen.machine.logs import start_log
from visgen.name_tables import read_sequence_table, read_synonyms
from visgen.tables import write_table

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
table, accepted = ingest(
    given.sequences[0],
    filters=Filters(**params.filters),
    pattern=None if given.table else params.pattern,
    taxa=read_sequence_table(given.table[0]) if given.table else None,
    synonyms=read_synonyms(given.synonyms[0]) if given.synonyms else None,
)
print(table[["status", "reason"]].value_counts().to_string())
write_table(snakemake.output.table, table)
write_accepted(snakemake.output.accepted, accepted)
