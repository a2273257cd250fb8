"""Draw the number of images of every taxon, rank by rank."""

from visgen.figures.counts import plot_counts
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
coverage = read_table(snakemake.input.coverage)
plot_counts(coverage, snakemake.params.ranks).savefig(snakemake.output[0], dpi=150)
