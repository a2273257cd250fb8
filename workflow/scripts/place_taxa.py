"""Place taxa that have images and no place in the tree, by a ridge to the taxa that have one."""

import sys

from visgen.distances.matrices import load_distances
from visgen.embedding.folds import CLADES, KINDS
from visgen.embedding.held_out.files import read_fold_distances
from visgen.embedding.placement import tables
from visgen.embedding.placement.files import write_coordinates
from visgen.embedding.ridge.placing import place_taxa
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.embedding.views import choose_views, read_views
from visgen.features.tables import read_blocks, read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.specimens.taxonomy import group_above
from visgen.tables import of_rank, read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
genetic, folds = load_distances(given.genetic), read_table(given.folds).set_index("taxon")
labels, variant = read_labels(given.labels), params.variant
viewed = choose_views(labels[params.rank], read_views(given.views), params.views)
taxa = viewed.taxa
named = of_rank(read_table(given.taxonomy), params.rank)
groups = group_above(named, params.ranks, params.rank)
outside = tables.outside_tree(taxa, genetic.ids)

held_out, numbers = read_fold_distances(given.held_out, genetic, folds), folds["group_number"]
calibrated = tables.calibrate_kinds(held_out, numbers.to_numpy(), params.confidence)
write_table(made.trust, tables.trust_table(calibrated, params.confidence))
if folds.empty or outside.empty:
    write_table(made.placed, tables.not_placed(outside, groups))
    write_coordinates(made.coordinates, None, [])
    sys.exit()
images = make_taxon_images(
    read_features(given.features),
    taxa.where(taxa.isin([*folds.index, *outside.index])),
    variant,
    finer=labels.drop(columns=["specimen", params.rank]),
    views=viewed.views,
    blocks=read_blocks(given.features),
    seed=params.seed,
)
names, known = list(images.bags.taxa), (genetic, folds, variant["guidance"])
by_kind = {
    kind: place_taxa(images.grams(), names, *known, by_group=kind == CLADES, seed=params.seed)
    for kind in KINDS
}
write_coordinates(made.coordinates, by_kind[CLADES], names)
placed = {kind: placement.fold for kind, placement in by_kind.items()}
table = tables.placed_table(placed, names, groups, outside, calibrated, params.confidence)
write_table(made.placed, table)
