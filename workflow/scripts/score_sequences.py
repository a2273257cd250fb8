"""Score vectors of sequences, the inferred tree and the anchors."""

from visgen.distances.matrices import load_distances
from visgen.distances.study_names import read_study_tree
from visgen.genetics.anchors.files import read_anchors
from visgen.genetics.scores.scoring import score_sequences
from visgen.genetics.vectors.files import read_study_vectors
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.name_tables import read_synonyms
from visgen.specimens.taxonomy import lineage
from visgen.tables import of_rank, read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
anchors = {
    name: (read_anchors(path), read_table(table))
    for name, path, table in zip(params.anchors, given.anchors, given.anchor_tables, strict=True)
}
synonyms = read_synonyms(given.synonyms[0]) if given.synonyms else {}
above = lineage(of_rank(read_table(given.taxonomy), params.rank), params.ranks, params.rank)
kinds = {
    "sgt": read_study_vectors(given.sgt, above.index),
    "kmers": read_study_vectors(given.kmers, above.index),
}
taxa = dict.fromkeys([*above.index, *kinds["sgt"].taxa])  # trees have taxa without images
scores = score_sequences(
    kinds,
    load_distances(given.distances[0]) if given.distances else None,
    read_study_tree(given.inferred[0], taxa, {}) if given.inferred else None,
    read_study_tree(given.given[0], taxa, synonyms) if given.given else None,
    above,
    anchors,
    rank=params.rank,
    permutations=params.permutations,
    bootstraps=params.bootstraps,
    seed=params.seed,
)
write_table(snakemake.output.scores, scores)
