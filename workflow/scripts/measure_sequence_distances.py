"""Measure distances between taxa on the alignment."""

from visgen.distances import write_distances
from visgen.inference.alignment import read_alignment
from visgen.inference.sequence_distances import taxon_distances
from visgen.logs import start_log

start_log(snakemake.log[0])
alignment = read_alignment(snakemake.input.alignment)
write_distances(snakemake.output.distances, taxon_distances(alignment, snakemake.params.model))
