"""Distances between the study's taxa, from a tree or a table."""

from visgen.distances.matrices import match_taxa, write_distances
from visgen.distances.reading import read_distances
from visgen.distances.trees import patristic_distances, read_tree
from visgen.machine.logs import start_log
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
taxa = read_table(snakemake.input.taxa)["taxon"]
if snakemake.input.tree:
    tree = read_tree(snakemake.input.tree[0])
    shared, missing = match_taxa([tip.name for tip in tree.tips()], taxa)
    distances = patristic_distances(tree, shared)
else:
    given = read_distances(snakemake.input.distances[0])
    shared, missing = match_taxa(given.ids, taxa)
    distances = given.filter(shared)
write_distances(snakemake.output.distances, distances)
write_table(snakemake.output.missing, missing)
