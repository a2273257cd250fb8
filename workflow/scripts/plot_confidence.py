"""Draw how far the probabilities of the chosen classifiers can be trusted."""

from visgen.figures.confidence import plot_confidence
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
given = snakemake.input
chosen = read_table(given.chosen).set_index("rank")["variant"]
figure = plot_confidence(
    read_table(given.bins), read_table(given.scores), snakemake.params.ranks, chosen
)
figure.savefig(snakemake.output[0], dpi=150)
