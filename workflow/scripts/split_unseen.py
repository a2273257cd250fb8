"""Draw the taxa that no training sees, to be placed afterwards."""

from visgen.machine.logs import start_log
from visgen.tables import of_rank, read_table, write_table
from visgen.visual_genetic.recognition.withheld import deal_withheld

start_log(snakemake.log[0])
params = snakemake.params
taxa = of_rank(read_table(snakemake.input.taxonomy), params.rank)
withheld, omitted = deal_withheld(taxa, params.rank, params.ranks, params.share, params.seed)
write_table(snakemake.output.withheld, withheld)
write_table(snakemake.output.omitted, omitted)
