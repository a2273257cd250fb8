"""Embed each fold of taxa by every unguided variant, and again and again under the nulls."""

import pandas as pd
from visgen.distances.matrices import load_distances
from visgen.embedding.guidance.variants import make_embedder
from visgen.embedding.held_out.files import write_fold_distances, write_no_folds
from visgen.embedding.held_out.refits import fit_folds, refit_fresh, refit_nulls
from visgen.embedding.held_out.unguided_deals import fit_deals
from visgen.embedding.views import choose_views, read_views
from visgen.features.tables import read_features
from visgen.machine.devices import pick_device
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
genetic, folds = load_distances(given.genetic), read_table(given.folds).set_index("taxon")
further = read_table(given.further)
labels = read_labels(given.labels)
viewed = choose_views(labels[params.rank], read_views(given.views), params.views)
taxa = viewed.taxa.where(viewed.taxa.isin(folds.index))
features = read_features(given.features)
paths = zip(made.held_out, made.fits, made.permuted, strict=True)
for variant, refits, (of_held_out, of_fits, of_permuted) in zip(
    params.variants.values(), params.refits, paths, strict=True
):
    if folds.empty:
        write_no_folds(of_held_out, of_fits, of_permuted)
        continue
    embedder = make_embedder(
        features, taxa, variant, views=viewed.views, seed=params.seed, device=pick_device()
    )
    visual, fits = fit_folds(embedder, genetic, folds)
    write_fold_distances(of_held_out, list(embedder.bags.taxa), visual)
    write_table(of_fits, fits)
    given_taxa = (embedder, labels["specimen"], genetic, folds)
    permuted = refit_nulls(*given_taxa, permutations=refits, seed=params.seed)
    fresh = refit_fresh(*given_taxa, refits=refits, seed=params.seed)
    dealt = fit_deals(embedder, genetic, folds, further)
    write_table(of_permuted, pd.concat([permuted, fresh, dealt]))
