"""Draw how well each taxon is told apart against its number of training images."""

from visgen.figures.taxa import plot_taxa
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
taxa, params = read_table(snakemake.input.taxa), snakemake.params
chosen = read_table(snakemake.input.chosen).set_index("rank")["variant"]
figure = plot_taxa(taxa, params.ranks, chosen, params.tail)
figure.savefig(snakemake.output[0], dpi=150)
