"""Draw the scores of every classifier beside the baselines."""

from visgen.figures.scores import plot_scores
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
scores, params = read_table(snakemake.input.scores), snakemake.params
figure = plot_scores(scores, params.ranks, params.baselines)
figure.savefig(snakemake.output[0], dpi=150)
