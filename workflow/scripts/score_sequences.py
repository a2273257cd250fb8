"""Score vectors of sequences, the inferred tree and the anchors."""

from visgen.distances.matrices import load_distances
from visgen.distances.trees import read_tree
from visgen.genetics.anchors.files import read_anchors
from visgen.genetics.scores.scoring import score_sequences
from visgen.genetics.vectors.files import read_vectors
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.taxonomy import lineage
from visgen.tables import of_rank, read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
taxa = of_rank(read_table(given.taxonomy), params.rank)
anchors = {
    name: (read_anchors(path), read_table(table))
    for name, path, table in zip(params.anchors, given.anchors, given.anchor_tables, strict=True)
}
scores = score_sequences(
    {"sgt": read_vectors(given.sgt), "kmers": read_vectors(given.kmers)},
    load_distances(given.distances[0]) if given.distances else None,
    read_tree(given.inferred[0]) if given.inferred else None,
    read_tree(given.given[0]) if given.given else None,
    lineage(taxa, params.ranks, params.rank),
    anchors,
    rank=params.rank,
    permutations=params.permutations,
    bootstraps=params.bootstraps,
    seed=params.seed,
)
write_table(snakemake.output.scores, scores)
