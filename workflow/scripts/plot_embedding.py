"""Draw distances, losses and scores of a backbone's variants, held-out taxa among them."""

import numpy as np
from visgen.distances.matrices import load_distances
from visgen.embedding.held_out.files import read_fold_distances
from visgen.figures.embedding.guidance import plot_guidance
from visgen.figures.embedding.held_out import plot_held_out
from visgen.figures.embedding.held_out_pairs import plot_held_out_pairs
from visgen.figures.embedding.placed import plot_placed
from visgen.figures.embedding.side_by_side import (
    agreement_in_words,
    fit_in_words,
    plot_side_by_side,
)
from visgen.figures.matrices import plot_notice
from visgen.machine.logs import start_log
from visgen.specimens.taxonomy import group_above, taxonomic_order
from visgen.tables import of_rank, read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
named, genetic = of_rank(read_table(given.taxonomy), params.rank), load_distances(given.genetic)
taxa = taxonomic_order(named, params.ranks, params.rank)
groups = group_above(named, params.ranks, params.rank)
scores = read_table(given.scores)
fits = {
    name: row
    for name, path in zip(params.guided, given.fits, strict=True)
    for row in read_table(path).to_dict("records")
}
for variant, path, figure in zip(params.variants, given.visual, made.distances, strict=True):
    visual = load_distances(path)
    order = [taxon for taxon in taxa if taxon in genetic.ids and taxon in visual.ids]
    if len(order) < 3:
        plot_notice(f"{len(order)} taxa have vectors and a place in the tree").savefig(figure)
        continue
    is_ridge = variant in params.guided and variant not in params.descended
    words = variant.replace("_", " ")
    by_place = f"distance by predicted places, {words}"
    by_cosine = f"cosine distance of {words} vectors"
    if variant in params.guided:
        title = fit_in_words(fits[variant]["pearson"], len(order))
    else:
        title = agreement_in_words(scores, variant, len(order))
    plot_side_by_side(
        genetic.filter(order),
        visual.filter(order),
        order,
        groups,
        title,
        genetic_label="phylogenetic distance",
        visual_label=by_place if is_ridge else by_cosine,
    ).savefig(figure, dpi=110)
held_out, folds = read_table(given.held_out_scores), read_table(given.folds).set_index("taxon")
plot_held_out(held_out, params.guided, params.random).savefig(made.held_out, dpi=150)
for variant, path, figure in zip(params.variants, given.held_out, made.pairs, strict=True):
    plot_held_out_pairs(
        read_fold_distances(path, genetic, folds),
        held_out[held_out["variant"] == variant],
        fitted=variant in params.guided,
    ).savefig(figure, dpi=110)
pairs = genetic.filter(list(folds.index)).condensed_form() if len(folds) else [np.nan]
for path, figure in zip(given.placed, made.placed, strict=True):
    plot_placed(read_table(path), float(np.median(pairs))).savefig(figure, dpi=110)
if params.descended:  # a ridge has no losses
    named = zip(params.descended, given.histories, strict=True)
    histories = {name: read_table(path) for name, path in named if name in fits}
    if histories:
        figure = plot_guidance(histories, {name: fits[name] for name in histories})
    else:
        figure = plot_notice("too few taxa to be guided by")
    figure.savefig(made.guidance, dpi=150)
