"""Deal the taxa that have images and phylogenetic distances to folds of held-out taxa."""

from visgen.distances.matrices import load_distances
from visgen.embedding.held_out.folds import deal_folds, placed_taxa
from visgen.embedding.pooling import enough_images
from visgen.machine.logs import start_log
from visgen.specimens.records import read_labels
from visgen.specimens.taxonomy import group_above
from visgen.tables import of_rank, read_table, write_table

start_log(snakemake.log[0])
params = snakemake.params
labels = read_labels(snakemake.input.labels)
taxa, few_images = enough_images(labels[params.rank], params.min_images)
named = of_rank(read_table(snakemake.input.taxonomy), params.rank)
genetic = load_distances(snakemake.input.genetic)
placed = placed_taxa(genetic, taxa, params.guided)
groups = group_above(named, params.ranks, params.rank)
folds, omitted = deal_folds(genetic, placed, groups, params.folds, params.seed)
write_table(snakemake.output.folds, folds.reset_index())
write_table(snakemake.output.few_images, few_images)
write_table(snakemake.output.omitted, omitted)
