"""Draw the scores of held-out taxa for every variant of a backbone."""

from visgen.figures.held_out import plot_held_out
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
scores, params = read_table(snakemake.input.scores), snakemake.params
plot_held_out(scores, params.guided, params.random).savefig(snakemake.output[0], dpi=150)
