"""Train one classifier at every rank and seed; write what it predicts."""

from pathlib import Path

import pandas as pd
from visgen.classifiers import predict_ranks
from visgen.feature_tables import read_features
from visgen.logs import start_log
from visgen.predictions import write_predictions
from visgen.splits import read_splits
from visgen.tables import write_table
from visgen.threads import use_threads

start_log(snakemake.log[0])
use_threads()
specimens = pd.read_parquet(snakemake.input.specimens).set_index("id")
tables, omitted = predict_ranks(
    read_features(snakemake.input.features),
    specimens[snakemake.params.ranks],
    read_splits(snakemake.input.splits),
    snakemake.params.classifier,
    threads=snakemake.threads,
)
write_predictions(Path(snakemake.output.predictions), tables)
write_table(snakemake.output.omitted, omitted)
