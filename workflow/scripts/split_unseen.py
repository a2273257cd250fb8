"""Draw the taxa that no training sees, to be placed afterwards."""

import pandas as pd
from visgen.machine.logs import start_log
from visgen.tables import write_table
from visgen.visual_genetic.recognition.withheld import deal_withheld

start_log(snakemake.log[0])
params = snakemake.params
withheld, omitted = deal_withheld(
    pd.read_parquet(snakemake.input.specimens), params.rank, params.ranks, params.share, params.seed
)
write_table(snakemake.output.withheld, withheld)
write_table(snakemake.output.omitted, omitted)
