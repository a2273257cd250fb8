"""Train a network for all ranks at every seed; write what it predicts."""

import os
from pathlib import Path

from visgen.classification.networks.ranks import predict_jointly
from visgen.classification.predictions import write_predictions
from visgen.features.tables import read_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.specimens.splits import read_splits
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
params, output = snakemake.params, snakemake.output
results, history, checkpoints = predict_jointly(
    read_features(snakemake.input.features),
    read_labels(snakemake.input.labels),
    params.ranks,
    read_splits(snakemake.input.splits),
    params.classifier,
    Path(os.environ["VISGEN_FEATURE_STORE"]),
    name=f"{snakemake.wildcards.backbone} {snakemake.wildcards.classifier}",
    classified=params.classified,
)
write_predictions(Path(output.predictions), results.predictions)
for table in ("training", "tuning", "importances", "omitted"):
    write_table(output[table], getattr(results, table))
write_table(output.history, history)
for checkpoint in checkpoints:
    checkpoint.discard()
