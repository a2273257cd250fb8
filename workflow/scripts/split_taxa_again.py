"""Deal the taxa of folds again and again, for gains that rest on several deals."""

from visgen.embedding.further_deals import deal_further
from visgen.machine.logs import start_log
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
params = snakemake.params
folds = read_table(snakemake.input.folds).set_index("taxon")
further, omitted = deal_further(folds, params.deals, params.seed)
write_table(snakemake.output.further, further)
write_table(snakemake.output.omitted, omitted)
