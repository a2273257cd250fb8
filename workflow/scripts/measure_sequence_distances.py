"""Measure distances between taxa on the alignment."""

from visgen.distances.matrices import write_distances
from visgen.genetics.trees.alignment import read_alignment
from visgen.genetics.trees.sequence_distances import taxon_distances
from visgen.machine.logs import start_log

start_log(snakemake.log[0])
alignment = read_alignment(snakemake.input.alignment)
write_distances(snakemake.output.distances, taxon_distances(alignment, snakemake.params.model))
