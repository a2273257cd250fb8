"""Draw maps of the sequences, cosines of the anchors, and the inferred tree where there is one."""

from visgen.distances.trees import read_tree
from visgen.figures.genetics.anchors import plot_anchors
from visgen.figures.genetics.sequence_map import plot_sequence_map
from visgen.figures.genetics.trees import plot_tree
from visgen.figures.group_styles import colouring
from visgen.genetics.anchors.files import read_anchors
from visgen.genetics.vectors.files import read_vectors
from visgen.machine.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import of_rank, read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
named = of_rank(read_table(given.taxonomy), params.rank)
groups = colouring(named, params.ranks, params.rank)
vectors = {"SGT": read_vectors(given.sgt), "k-mers": read_vectors(given.kmers)}
plot_sequence_map(vectors, groups).savefig(made.sequences, dpi=150)
plot_anchors(
    {name: read_anchors(path) for name, path in zip(params.names, given.anchors, strict=True)},
    read_table(given.scores),
    taxonomic_order(named, params.ranks, params.rank),
    group_above(named, params.ranks, params.rank),
).savefig(made.anchors, dpi=110)
if given.tree:
    coverage = read_table(given.coverage)
    rows = coverage[coverage["rank"] == params.rank]
    figure = plot_tree(read_tree(given.tree), rows, groups, params.bootstraps)
    figure.savefig(made.tree, dpi=150)
