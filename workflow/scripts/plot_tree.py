"""Draw the tree with images and sequences per tip."""

import pandas as pd
from visgen.figures.group_styles import colouring
from visgen.figures.trees import plot_tree
from visgen.logs import start_log
from visgen.tables import read_table
from visgen.trees import read_tree

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
coverage = read_table(given.coverage)
figure = plot_tree(
    read_tree(given.tree),
    coverage[coverage["rank"] == params.rank],
    colouring(pd.read_parquet(given.specimens), params.ranks, params.rank),
    params.bootstraps,
)
figure.savefig(snakemake.output[0], dpi=150)
