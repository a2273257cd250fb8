"""Draw maps of the sequences by their vectors, coloured by the rank above."""

import pandas as pd
from visgen.figures.group_styles import colouring
from visgen.figures.sequence_map import plot_sequence_map
from visgen.logs import start_log
from visgen.sequence_vectors.files import read_vectors

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
vectors = {"SGT": read_vectors(given.sgt), "k-mers": read_vectors(given.kmers)}
groups = colouring(pd.read_parquet(given.specimens), params.ranks, params.rank)
plot_sequence_map(vectors, groups).savefig(snakemake.output[0], dpi=150)
