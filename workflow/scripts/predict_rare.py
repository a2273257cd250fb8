"""Name test specimens by the looks of their taxa, and of their relatives, true and permuted."""

import pandas as pd
from visgen.features.tables import read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import one_thread, use_threads
from visgen.prior.options import TAXONOMY
from visgen.prior.seed import ask_seed
from visgen.prior.sources import read_sources
from visgen.prior.training import mean_specimens
from visgen.specimens.records import read_labels
from visgen.specimens.splits import read_splits
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
seed, rank = int(snakemake.wildcards.seed), params.rank
labels = read_labels(given.labels)
features = read_features(given.features).droplevel("repeat")
parts = read_splits([given.splits])[seed].reindex(labels.index)
training, asked = (
    mean_specimens(features, labels[parts == part], rank) for part in ("train", "test")
)
study = read_sources(
    {s: None if s == TAXONOMY else str(given[s]) for s in params.sources},
    labels[rank].dropna().unique(),
    read_table(given.taxonomy),
    params.ranks,
    rank,
    params.tree_rank,
)
with one_thread():
    tables = ask_seed(training, asked, study.among, study.above, **params.options, seed=seed)
write_table(made.taxa, tables.taxa.assign(seed=seed))
write_table(made.permuted, tables.permuted.assign(seed=seed))
write_table(made.predictions, tables.predictions)
write_table(made.fits, tables.fits)
write_table(made.omitted, pd.concat([study.omitted, tables.omitted]).assign(seed=seed))
write_table(made.nearest, study.nearest(training.taxa).assign(seed=seed))
