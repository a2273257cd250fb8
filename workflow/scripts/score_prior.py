"""Score what relatives add, over all seeds together."""

import pandas as pd
from visgen.machine.logs import start_log
from visgen.metrics import metrics_table
from visgen.prior.scoring import EXPERIMENT, check_taxa, score_prior
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
params = snakemake.params
taxa, permuted = (
    pd.concat(map(read_table, paths)) for paths in (snakemake.input.taxa, snakemake.input.permuted)
)
check_taxa("prior.apart", params.options["apart"], read_table(snakemake.input.names)["taxon"])
rows = score_prior(taxa, permuted, **params.options, seed=params.seed)
labels = {"experiment": EXPERIMENT, "backbone": params.backbone, "rank": params.rank}
write_table(snakemake.output[0], metrics_table([labels | row for row in rows]))
