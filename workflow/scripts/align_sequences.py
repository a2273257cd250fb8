"""Align the accepted sequences, all or one a taxon."""

import os

from visgen.genetics.sequences.accepted import read_accepted, write_accepted
from visgen.genetics.trees.alignment import align
from visgen.machine.logs import start_log
from visgen.tables import write_table

start_log(snakemake.log[0])
alignment, representatives = align(
    read_accepted(snakemake.input.sequences),
    snakemake.params.aligner,
    snakemake.params.sequences,
    threads=int(os.environ["VISGEN_THREADS"]),
)
write_accepted(snakemake.output.alignment, alignment)
write_table(snakemake.output.representatives, representatives)
