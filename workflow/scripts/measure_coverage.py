"""Count images, specimens and sequences of every taxon, and list names on one side only."""

import pandas as pd
from visgen.distances.study_names import read_study_distances, read_study_tree
from visgen.genetics.sequences.matching import count_accepted, find_unmatched
from visgen.machine.logs import start_log
from visgen.name_tables import read_sequence_table, read_synonyms
from visgen.specimens.coverage import coverage, summarise_ranks
from visgen.specimens.records import read_labels
from visgen.specimens.split_notes import split_notes
from visgen.spellings import match_case
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
labels = read_labels(given.labels)
synonyms = read_synonyms(given.synonyms[0]) if given.synonyms else {}
tips = counts = None
if given.tree:
    taxa = labels[params.tree_rank].dropna().unique()
    tips = [tip.name for tip in read_study_tree(given.tree[0], taxa, synonyms).tips()]
elif given.distances:
    taxa = labels[params.tree_rank].dropna().unique()
    tips = read_study_distances(given.distances[0], taxa, synonyms).ids
if given.sequences:
    sequences = read_table(given.sequences)
    taxa = labels[params.sequence_rank].dropna().unique()
    spelled = match_case(sequences["taxon"].dropna(), taxa, given.sequences)
    sequences["taxon"] = sequences["taxon"].map(spelled)
    counts = count_accepted(sequences)
    unmatched = find_unmatched(
        sequences,
        taxa,
        read_sequence_table(given.sequence_table[0]) if given.sequence_table else None,
    )
    print(unmatched.to_csv(sep="\t", index=False))
    write_table(made.unmatched, unmatched)
table = coverage(labels, params.ranks, tips, params.tree_rank, counts, params.sequence_rank)
write_table(made.coverage, table)
given_split = pd.read_parquet(given.groups).set_index("id")["split"]
images = labels.join(given_split).reset_index()
for path, split in zip(made.notes, given.splits, strict=True):
    parts = read_table(split).set_index("id")["split"]
    write_table(path, split_notes(images, parts, params.ranks))
write_table(made.ranks, summarise_ranks(table, len(labels)))
