"""Draw phylogenetic against visual distance, fitted and held-out taxa apart, for every variant."""

from visgen.distances import load_distances
from visgen.figures.held_out_pairs import plot_held_out_pairs
from visgen.held_out.files import read_fold_distances
from visgen.logs import start_log
from visgen.tables import read_table

start_log(snakemake.log[0])
given = snakemake.input
params = snakemake.params
genetic = load_distances(given.genetic)
folds = read_table(given.folds).set_index("taxon")
scores = read_table(given.scores)
for variant, path, figure in zip(params.variants, given.visual, snakemake.output, strict=True):
    plot_held_out_pairs(
        read_fold_distances(path, genetic, folds),
        scores[scores["variant"] == variant],
        fitted=variant in params.guided,
    ).savefig(figure, dpi=110)
