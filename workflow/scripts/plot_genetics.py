"""Draw maps of the sequences, cosines of the anchors, and the inferred tree where there is one."""

from visgen.distances.study_names import read_study_tree
from visgen.figures.genetics.anchors import plot_anchors
from visgen.figures.genetics.sequence_map import plot_sequence_map
from visgen.figures.genetics.trees import plot_tree
from visgen.figures.group_styles import colouring
from visgen.genetics.anchors.files import read_anchors
from visgen.genetics.vectors.files import read_study_vectors
from visgen.machine.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import of_rank, read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
named = of_rank(read_table(given.taxonomy), params.rank)
groups = colouring(named, params.ranks, params.rank)
taxa = taxonomic_order(named, params.ranks, params.rank)
vectors = {
    name: read_study_vectors(path, taxa)
    for name, path in (("SGT", given.sgt), ("k-mers", given.kmers))
}
plot_sequence_map(vectors, groups).savefig(made.sequences, dpi=150)
plot_anchors(
    {name: read_anchors(path) for name, path in zip(params.names, given.anchors, strict=True)},
    read_table(given.scores),
    taxa,
    group_above(named, params.ranks, params.rank),
).savefig(made.anchors, dpi=110)
if given.tree:
    rows = of_rank(read_table(given.coverage), params.rank)
    tree = read_study_tree(given.tree, taxa, {})
    figure = plot_tree(tree, rows, groups, params.bootstraps)
    figure.savefig(made.tree, dpi=150)
