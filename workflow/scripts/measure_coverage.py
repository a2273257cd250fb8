"""Count images, specimens and sequences of every taxon, and say which are in the tree."""

import pandas as pd
from visgen.distances import read_distances
from visgen.logs import start_log
from visgen.sequences.matching import count_accepted
from visgen.specimens.coverage import coverage, summarise_ranks
from visgen.tables import read_table, write_table
from visgen.trees import read_tree

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
specimens = pd.read_parquet(given.specimens)
tips = sequences = None
if given.tree:
    tips = [tip.name for tip in read_tree(given.tree[0]).tips()]
elif given.distances:
    tips = read_distances(given.distances[0]).ids
if given.sequences:
    sequences = count_accepted(read_table(given.sequences[0]))
table = coverage(specimens, params.ranks, tips, params.tree_rank, sequences, params.sequence_rank)
write_table(snakemake.output.coverage, table)
summary = summarise_ranks(table, len(specimens))
write_table(snakemake.output.ranks, summary)
