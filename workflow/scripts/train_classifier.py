"""Train one classifier at every rank and seed; write what it predicts."""

from pathlib import Path

from visgen.classification.classifiers.ranks import predict_ranks
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
results = predict_ranks(
    read_features(snakemake.input.features),
    read_labels(snakemake.input.labels),
    params.ranks,
    read_splits(snakemake.input.splits),
    params.classifier,
    classified=params.classified,
    threads=snakemake.threads,
)
write_predictions(Path(output.predictions), results.predictions)
write_table(output.training, results.training)
write_table(output.tuning, results.tuning)
write_table(output.importances, results.importances)
write_table(output.omitted, results.omitted)
