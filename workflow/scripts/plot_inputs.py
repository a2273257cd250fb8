"""Draw what went in: images and distances of taxa, what networks see, how weights were learned."""

import os

from visgen.distances.matrices import load_distances
from visgen.features.seen import finest_names, spread_images, summarise_cuts
from visgen.features.tables import read_framing
from visgen.figures.features.seen import plot_seen
from visgen.figures.features.simclr import plot_history
from visgen.figures.leaf_order import leaf_order
from visgen.figures.matrices import plot_distance_heatmap
from visgen.figures.saving import save_figure
from visgen.figures.specimens.counts import plot_counts
from visgen.machine.logs import start_log
from visgen.specimens.records import read_images, read_labels
from visgen.specimens.taxonomy import group_above
from visgen.tables import of_rank, read_table, write_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
save_figure(
    plot_counts(read_table(given.coverage), params.ranks), made.counts, params.dots_per_inch
)
for path, figure in zip(given.histories, made.histories, strict=True):
    save_figure(plot_history(read_table(path)), figure, params.dots_per_inch)
rank = params.tree_rank
for path, figure in zip(given.distances, made.distances, strict=True):  # none without a tree
    named, distances = of_rank(read_table(given.taxonomy), rank), load_distances(path)
    groups = group_above(named, params.ranks, rank)
    save_figure(
        plot_distance_heatmap(
            distances,
            leaf_order(distances, groups),
            groups,
            title=f"Phylogenetic distance between {len(distances.ids)} taxa ({rank})",
            label="distance",
        ),
        figure,
        params.dots_per_inch,
    )

images = read_images(given.image_table, os.environ["VISGEN_IMAGES"])
images = images.join(finest_names(read_labels(given.labels), params.ranks), on="id")
shown = spread_images(images, n_shown=8)
for shard, figure, table in zip(given.features, made.seen, made.cuts, strict=True):
    framing = read_framing(shard)
    write_table(table, summarise_cuts(images, framing))
    save_figure(
        plot_seen(
            shown, framing, background=tuple(params.background), max_pixels=params.max_pixels
        ),
        figure,
        params.dots_per_inch,
    )
