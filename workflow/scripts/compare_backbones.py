"""Compare the backbones, each with the classifier chosen for it on validation."""

from itertools import product

import pandas as pd
from visgen.classification.scores.chosen import score_chosen
from visgen.classification.scores.guessed import Study
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
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
paths = dict(zip(product(params.backbones, params.classifiers), given.predictions, strict=True))
study = Study(read_labels(given.labels), params.ranks)
write_table(snakemake.output[0], score_chosen(chosen, paths, study, bootstraps=params.bootstraps))
