"""Embed the accepted sequences: sequence graph transform or k-mer frequencies."""

from visgen.genetics.sequences.accepted import read_accepted
from visgen.genetics.vectors.encodings import embed_kmers, embed_sgt
from visgen.genetics.vectors.files import write_vectors
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads

start_log(snakemake.log[0])
use_threads()
sequences = read_accepted(snakemake.input.sequences)
match snakemake.params.encoding.partition("_")[0]:
    case "sgt":
        vectors = embed_sgt(sequences, **snakemake.params.options)
    case "kmers":
        vectors = embed_kmers(sequences, scaling="l2", **snakemake.params.options)
write_vectors(snakemake.output[0], vectors)
