"""Fit a variant again and again to permuted bags and to dealt specimens: nulls of its scores."""

import pandas as pd
from visgen.devices import pick_device
from visgen.distances import load_distances
from visgen.feature_tables import read_features
from visgen.guidance.variants import make_embedder
from visgen.held_out.refits import refit_nulls
from visgen.logs import start_log
from visgen.tables import read_table, write_table
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
folds = read_table(given.folds).set_index("taxon")
specimens = pd.read_parquet(given.specimens).set_index("id")
taxa = specimens[params.rank]
embedder = make_embedder(
    read_features(given.features),
    taxa.where(taxa.isin(folds.index)),
    params.variant,
    seed=params.seed,
    device=pick_device(),
)
scores = refit_nulls(
    embedder,
    specimens["specimen"],
    load_distances(given.genetic),
    folds,
    permutations=params.refits,
    seed=params.seed,
)
write_table(snakemake.output[0], scores)
