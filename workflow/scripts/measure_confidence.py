"""Measure how far the probabilities of every classifier of a backbone can be trusted."""

import pandas as pd
from visgen.classification.confidence.measuring import (
    BIN_COLUMNS,
    OMITTED_COLUMNS,
    measure_confidence,
)
from visgen.classification.predictions import read_predictions
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.metrics import metrics_table
from visgen.specimens.records import read_labels
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given = snakemake.input
output = snakemake.output
params = snakemake.params
specimens = read_labels(given.labels)["specimen"]
labels = {"experiment": "classification", "backbone": snakemake.wildcards.backbone}

scores, bins, omitted = [], [], []
for name, path, training in zip(params.classifiers, given.predictions, given.training, strict=True):
    n_images = read_table(training).set_index("taxon").groupby(["seed", "rank"])["n_images"]
    rows, curves, without = measure_confidence(
        read_predictions(path),
        specimens,
        dict(iter(n_images)),
        tail=params.tail,
        confidence=params.confidence,
    )
    scores += [labels | {"variant": name} | row for row in rows]
    bins += [{"variant": name} | row for row in curves.to_dict("records")]
    omitted += [{"variant": name} | row for row in without]

write_table(output.scores, metrics_table(scores))
write_table(output.bins, pd.DataFrame(bins, columns=["variant", *BIN_COLUMNS]))
write_table(output.omitted, pd.DataFrame(omitted, columns=["variant", *OMITTED_COLUMNS]))
