"""Train a backbone's last stages by the distances of all taxa, of folds, and of permuted bags."""

import os
import sys

from visgen.distances.matrices import load_distances
from visgen.embedding.guidance.files import write_fit, write_no_fit
from visgen.embedding.guidance.fine_tuning import make_fine_tuner
from visgen.embedding.guidance.variants import fit_all
from visgen.embedding.held_out.files import write_fold_distances, write_no_folds
from visgen.embedding.held_out.refits import fit_folds, refit_nulls
from visgen.features.backbones import load_backbone
from visgen.machine.devices import pick_device
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_images, read_labels
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given = snakemake.input
made = snakemake.output
params = snakemake.params
labels = read_labels(given.labels)
taxa = labels[params.rank]
folds = read_table(given.folds).set_index("taxon")
genetic = load_distances(given.genetic)

if folds.empty:
    write_no_fit(dict(made.items()))
    write_no_folds(made.held_out, made.fits, made.permuted)
    sys.exit()
tuner = make_fine_tuner(
    read_images(given.image_table, os.environ["VISGEN_IMAGES"]),
    taxa.where(taxa.isin(folds.index)),
    load_backbone(**params.backbone | {"weights": str(given.weights) or "none"}),
    params.variant,
    finer=labels.drop(columns=["specimen", params.rank]),
    device=pick_device(),
    workers=int(os.environ["VISGEN_WORKERS"]),
    **params.options,
)
fit = fit_all(tuner, genetic, folds["group_number"])
write_fit(dict(made.items()), tuner, fit, genetic)

visual, fits = fit_folds(tuner, genetic, folds)
write_fold_distances(made.held_out, list(tuner.bags.taxa), visual)
write_table(made.fits, fits)

permuted = refit_nulls(
    tuner,
    labels["specimen"],
    genetic,
    folds,
    permutations=params.refits,
    seed=tuner.seed,
)
write_table(made.permuted, permuted)
