"""Deal the taxa that have images and phylogenetic distances to folds of held-out taxa."""

import pandas as pd
from visgen.distances.matrices import load_distances
from visgen.embedding.folds import (
    coarsest_groups_of_taxa,
    deal_folds,
    groups_of_taxa,
    placed_taxa,
)
from visgen.embedding.pooling import enough_images
from visgen.embedding.views import choose_views, read_views
from visgen.machine.logs import start_log
from visgen.specimens.records import read_labels
from visgen.tables import write_table

start_log(snakemake.log[0])
params = snakemake.params
labels = read_labels(snakemake.input.labels)
viewed = choose_views(labels[params.rank], read_views(snakemake.input.views), params.views)
taxa, few_images = enough_images(viewed.taxa, params.min_images)
few_images = pd.concat([few_images, viewed.omitted]).sort_values("taxon")
genetic = load_distances(snakemake.input.genetic)
placed = placed_taxa(genetic, taxa)
named = pd.read_parquet(snakemake.input.groups).set_index("id")
groups, coarsest = (
    of_taxa(named, labels, params.ranks, params.rank)
    for of_taxa in (groups_of_taxa, coarsest_groups_of_taxa)
)
folds, omitted = deal_folds(genetic, placed, groups, params.folds, params.seed, coarsest=coarsest)
write_table(snakemake.output.folds, folds.reset_index())
write_table(snakemake.output.few_images, few_images)
write_table(snakemake.output.view_table, viewed.table)
write_table(snakemake.output.omitted, omitted)
