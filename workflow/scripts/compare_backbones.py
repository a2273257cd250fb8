"""Compare the backbones, each with the classifier chosen for it on validation."""

from itertools import product

import pandas as pd
from visgen.classification.evaluators import INDEPENDENT
from visgen.classification.predictions import iterate_predictions
from visgen.classification.scores.choosing import compare_backbones
from visgen.classification.scores.guessed import Study
from visgen.classification.scores.guesses import guesses
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.metrics import metrics_table
from visgen.specimens.records import read_labels
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
use_threads()
given = snakemake.input
params = snakemake.params
chosen = pd.concat(
    read_table(path).assign(backbone=name)
    for name, path in zip(params.backbones, given.chosen, strict=True)
)
chosen = chosen[chosen["evaluator"] == INDEPENDENT]
paths = dict(zip(product(params.backbones, params.classifiers), given.predictions, strict=True))
found = {}
for pair in set(zip(chosen["backbone"], chosen["variant"], strict=True)):
    predictions = iterate_predictions(paths[pair])
    found[pair] = {key: guesses(table) for key, table in predictions}

study = Study(read_labels(given.labels), params.ranks)
rows = compare_backbones(chosen, found, study, bootstraps=params.bootstraps)
scores = metrics_table([{"experiment": "classification"} | row for row in rows])
write_table(snakemake.output[0], scores)
