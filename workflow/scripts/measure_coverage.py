"""Count images, specimens and sequences of every taxon, and list names on one side only."""

from visgen.distances.reading import read_distances
from visgen.distances.trees import read_tree
from visgen.genetics.sequences.matching import count_accepted, find_unmatched
from visgen.genetics.sequences.name_tables import read_sequence_table
from visgen.machine.logs import start_log
from visgen.specimens.coverage import coverage, summarise_ranks
from visgen.specimens.records import read_labels
from visgen.specimens.splits import split_notes
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
labels = read_labels(given.labels)
tips = counts = None
if given.tree:
    tips = [tip.name for tip in read_tree(given.tree[0]).tips()]
elif given.distances:
    tips = read_distances(given.distances[0]).ids
if given.sequences:
    sequences = read_table(given.sequences)
    counts = count_accepted(sequences)
    unmatched = find_unmatched(
        sequences,
        labels[params.sequence_rank].dropna().unique(),
        read_sequence_table(given.sequence_table[0]) if given.sequence_table else None,
    )
    print(unmatched.to_csv(sep="\t", index=False))
    write_table(made.unmatched, unmatched)
table = coverage(labels, params.ranks, tips, params.tree_rank, counts, params.sequence_rank)
write_table(made.coverage, table)
for path, split in zip(made.notes, given.splits, strict=True):
    parts = read_table(split).set_index("id")["split"]
    write_table(path, split_notes(labels.reset_index(), parts, params.ranks))
write_table(made.ranks, summarise_ranks(table, len(labels)))
