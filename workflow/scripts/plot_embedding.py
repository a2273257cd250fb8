"""Draw distances, losses and scores of a backbone's variants, held-out taxa among them."""

import numpy as np
from visgen.distances.matrices import load_distances
from visgen.embedding.held_out.files import read_fold_distances
from visgen.figures.embedding.agreement import plot_agreement
from visgen.figures.embedding.guidance import plot_guidance
from visgen.figures.embedding.held_out import plot_held_out
from visgen.figures.embedding.held_out_pairs import plot_held_out_pairs
from visgen.figures.embedding.placed import plot_placed
from visgen.figures.saving import save_figure
from visgen.machine.logs import start_log
from visgen.specimens.taxonomy import group_above
from visgen.tables import of_rank, read_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
genetic, scores = load_distances(given.genetic), read_table(given.scores)
groups = group_above(of_rank(read_table(given.taxonomy), params.rank), params.ranks, params.rank)
tables = {name: read_table(path) for name, path in zip(params.guided, given.fits, strict=True)}
fits = {name: table.iloc[0] for name, table in tables.items() if len(table)}
for variant, path, figure in zip(params.variants, given.visual, made.distances, strict=True):
    visual = load_distances(path)
    save_figure(
        plot_agreement(variant, genetic, visual, groups, scores, fits.get(variant)),
        figure,
        params.dots_per_inch,
    )
held_out, folds = read_table(given.held_out_scores), read_table(given.folds).set_index("taxon")
held_out = held_out[held_out["backbone"] == snakemake.wildcards.backbone]
save_figure(
    plot_held_out(held_out, params.guided, params.random), made.held_out, params.dots_per_inch
)
for variant, path, figure in zip(params.variants, given.held_out, made.pairs, strict=True):
    save_figure(
        plot_held_out_pairs(
            read_fold_distances(path, genetic, folds),
            held_out[held_out["variant"] == variant],
            fitted=variant in params.guided,
        ),
        figure,
        params.dots_per_inch,
    )
pairs = genetic.filter(list(folds.index)).condensed_form() if len(folds) else [np.nan]
for path, figure in zip(given.placed, made.placed, strict=True):
    save_figure(
        plot_placed(read_table(path), float(np.median(pairs))), figure, params.dots_per_inch
    )
if params.descended:  # a ridge has no losses
    paths = zip(params.descended, given.histories, strict=True)
    histories = {name: read_table(path) for name, path in paths}
    save_figure(plot_guidance(histories, fits), made.guidance, params.dots_per_inch)
