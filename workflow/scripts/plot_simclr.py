"""Draw the course of a training without labels."""

from visgen.figures.training import plot_history
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
plot_history(read_table(snakemake.input.history)).savefig(snakemake.output[0], dpi=150)
