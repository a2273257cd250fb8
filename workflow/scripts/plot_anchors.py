"""Draw how alike the anchors of every set are."""

import pandas as pd
from visgen.anchors.files import read_anchors
from visgen.figures.anchors import plot_anchors
from visgen.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import read_table

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
specimens = pd.read_parquet(given.specimens)
figure = plot_anchors(
    {name: read_anchors(path) for name, path in zip(params.names, given.anchors, strict=True)},
    read_table(given.scores),
    taxonomic_order(specimens, params.ranks, params.rank),
    group_above(specimens, params.ranks, params.rank),
)
figure.savefig(snakemake.output[0], dpi=110)
