"""Draw what went in: images of every taxon, phylogenetic distances, how weights were learned."""

from visgen.distances.matrices import load_distances
from visgen.figures.features.simclr import plot_history
from visgen.figures.matrices import plot_distance_heatmap
from visgen.figures.specimens.counts import plot_counts
from visgen.machine.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import of_rank, read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
plot_counts(read_table(given.coverage), params.ranks).savefig(made.counts, dpi=150)
for path, figure in zip(given.histories, made.histories, strict=True):
    plot_history(read_table(path)).savefig(figure, dpi=150)
rank = params.tree_rank
for path, figure in zip(given.distances, made.distances, strict=True):  # none without a tree
    named, distances = of_rank(read_table(given.taxonomy), rank), load_distances(path)
    taxa = taxonomic_order(named, params.ranks, rank)
    order = [name for name in taxa if name in distances.ids]
    plot_distance_heatmap(
        distances,
        order,
        group_above(named, params.ranks, rank),
        title=f"Phylogenetic distance between {len(order)} taxa ({rank})",
        label="distance",
    ).savefig(figure, dpi=150)
