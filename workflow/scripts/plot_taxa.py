"""Draw how well each taxon is told apart against its number of training images."""

from visgen.figures.taxa import plot_taxa
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
taxa, scores = read_table(given.taxa), read_table(given.scores)
chosen = read_table(given.chosen).set_index("rank")["variant"]
figure = plot_taxa(taxa, scores, params.ranks, chosen, params.tail)
figure.savefig(snakemake.output[0], dpi=150)
