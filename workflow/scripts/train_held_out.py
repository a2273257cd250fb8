"""Hold out each fold of taxa in turn and fit a variant to the others."""

import pandas as pd
from visgen.devices import pick_device
from visgen.distances import load_distances
from visgen.feature_tables import read_features
from visgen.guidance.variants import make_embedder
from visgen.held_out.files import write_fold_distances
from visgen.held_out.refits import fit_folds
from visgen.logs import start_log
from visgen.tables import read_table, write_table
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
folds = read_table(given.folds).set_index("taxon")
taxa = pd.read_parquet(given.specimens).set_index("id")[params.rank]
embedder = make_embedder(
    read_features(given.features),
    taxa.where(taxa.isin(folds.index)),
    params.variant,
    seed=params.seed,
    device=pick_device(),
)
visual, fits = fit_folds(embedder, load_distances(given.genetic), folds)
write_fold_distances(snakemake.output.distances, list(embedder.bags.taxa), visual)
write_table(snakemake.output.fits, fits)
