"""Draw phylogenetic and visual distances side by side for every variant of a backbone."""

import pandas as pd
from visgen.distances import load_distances
from visgen.figures.matrices import plot_notice
from visgen.figures.side_by_side import agreement_in_words, fit_in_words, plot_side_by_side
from visgen.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import read_table

start_log(snakemake.log[0])
given, params = snakemake.input, snakemake.params
specimens = pd.read_parquet(given.specimens)
genetic, scores = load_distances(given.genetic), read_table(given.scores)
fits = dict(zip(params.guided, given.fits, strict=True))
taxa = taxonomic_order(specimens, params.ranks, params.rank)
for variant, path, figure in zip(params.variants, given.visual, snakemake.output, strict=True):
    visual = load_distances(path)
    order = [taxon for taxon in taxa if taxon in genetic.ids and taxon in visual.ids]
    if len(order) < 3:
        plot_notice(f"{len(order)} taxa have vectors and a place in the tree").savefig(figure)
        continue
    if variant in params.guided:
        title = fit_in_words(read_table(fits[variant])["pearson"].iloc[0], len(order))
    else:
        title = agreement_in_words(scores, variant, len(order))
    plot_side_by_side(
        genetic.filter(order),
        visual.filter(order),
        order,
        group_above(specimens, params.ranks, params.rank),
        title,
        genetic_label="phylogenetic distance",
        visual_label=f"cosine distance of {variant.replace('_', ' ')} vectors",
    ).savefig(figure, dpi=110)
