"""Fit a ridge to all taxa, with each fold held out, and again and again under the nulls."""

import sys

import pandas as pd
from visgen.distances.matrices import load_distances
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.held_out.files import write_fold_distances, write_no_folds
from visgen.embedding.ridge.deals import fit_deals
from visgen.embedding.ridge.files import write_no_ridge, write_ridge
from visgen.embedding.ridge.fitting import fit_ridge
from visgen.embedding.ridge.held_out import fit_folds, place_folds, refit_fresh, refit_nulls
from visgen.embedding.ridge.taxon_images import make_taxon_images
from visgen.embedding.views import choose_views, read_views
from visgen.features.tables import read_blocks, read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
genetic, folds = load_distances(given.genetic), read_table(given.folds).set_index("taxon")
labels = read_labels(given.labels)
viewed = choose_views(labels[params.rank], read_views(given.views), params.views)
taxa = viewed.taxa
if folds.empty:
    write_no_ridge(dict(made.items()))
    write_no_folds(made.held_out, made.fits, made.permuted)
    sys.exit()
images = make_taxon_images(
    read_features(given.features),
    taxa.where(taxa.isin(folds.index)),
    params.variant,
    finer=labels.drop(columns=["specimen", params.rank]),
    views=viewed.views,
    blocks=read_blocks(given.features),
    seed=params.seed,
)
names, options = list(images.bags.taxa), params.variant["guidance"]
distances = in_bag_order(genetic, images.bags)
tree = place_folds(distances, folds.loc[names], options, params.seed)

grams = images.grams()
write_ridge(dict(made.items()), names, fit_ridge(grams, tree.everyone, options), genetic)

visual, fits = fit_folds(grams, tree)
write_fold_distances(made.held_out, names, visual)
write_table(made.fits, fits)

specimens, refits = labels["specimen"], params.refits
permuted = refit_nulls(images, specimens, tree, permutations=refits, seed=params.seed)
fresh = refit_fresh(images, specimens, tree, folds.loc[names], refits=refits, seed=params.seed)
further = read_table(given.further)
dealt = fit_deals(grams, tree, folds.loc[names], further, params.seed)
write_table(made.permuted, pd.concat([permuted, fresh, dealt]))
