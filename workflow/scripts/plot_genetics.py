"""Draw what there is of each taxon, sequences, anchors, and the inferred tree if any."""

from visgen.distances.matrices import load_distances
from visgen.distances.study_names import read_study_tree
from visgen.figures.genetics.anchors import plot_anchors
from visgen.figures.genetics.mirrored_counts import plot_mirrored_counts
from visgen.figures.genetics.sequence_map import plot_sequence_map
from visgen.figures.genetics.sgt_graph import plot_sgt_graph
from visgen.figures.genetics.trees import plot_tree
from visgen.figures.group_styles import colouring
from visgen.figures.leaf_order import among_relatives, ladderised, leaf_order
from visgen.figures.saving import save_figure
from visgen.genetics.anchors.files import read_anchors
from visgen.genetics.vectors.files import read_study_vectors
from visgen.machine.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import of_rank, read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
named = of_rank(read_table(given.taxonomy), params.rank)
groups, above = (of(named, params.ranks, params.rank) for of in (colouring, group_above))
taxa = taxonomic_order(named, params.ranks, params.rank)
rows = of_rank(read_table(given.coverage), params.rank)
save_figure(plot_mirrored_counts(rows, groups), made.mirrored, params.dots_per_inch)
vectors = {
    name: read_study_vectors(path, taxa)
    for name, path in (("SGT", given.sgt), ("k-mers", given.kmers))
}
save_figure(plot_sgt_graph(vectors["SGT"]), made.sgt, params.dots_per_inch)
save_figure(plot_sequence_map(vectors, groups), made.sequences, params.dots_per_inch)
tree = read_study_tree(given.tree, taxa, {}) if given.tree else None
leaves = [leaf_order(load_distances(path), above) for path in given.distances]
if tree is not None:
    leaves.append([tip.name for tip in ladderised(tree).tips()])
save_figure(
    plot_anchors(
        {name: read_anchors(path) for name, path in zip(params.names, given.anchors, strict=True)},
        read_table(given.scores),
        among_relatives(next(iter(leaves), []), taxa, above),
        above,
    ),
    made.anchors,
    params.dots_per_inch,
)
if tree is not None:
    figure = plot_tree(tree, rows, groups, params.bootstraps)
    save_figure(figure, made.tree, params.dots_per_inch)
