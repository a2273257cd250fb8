"""Distances between the study's taxa, from a tree or a table."""

from visgen.distances.matrices import match_taxa, write_distances
from visgen.distances.study_names import read_study_distances, read_study_tree
from visgen.distances.trees import patristic_distances
from visgen.machine.logs import start_log
from visgen.name_tables import read_synonyms
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
taxa = read_table(snakemake.input.taxa)["taxon"]
synonyms = read_synonyms(snakemake.input.synonyms[0]) if snakemake.input.synonyms else {}
if snakemake.input.tree:
    tree = read_study_tree(snakemake.input.tree[0], taxa, synonyms)
    shared, missing = match_taxa([tip.name for tip in tree.tips()], taxa)
    distances = patristic_distances(tree, shared)
else:
    given = read_study_distances(snakemake.input.distances[0], taxa, synonyms)
    shared, missing = match_taxa(given.ids, taxa)
    distances = given.filter(shared)
write_distances(snakemake.output.distances, distances)
write_table(snakemake.output.missing, missing)
