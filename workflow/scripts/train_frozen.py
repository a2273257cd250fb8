"""Train projection and head on stored features of the backbone."""

import os
from pathlib import Path

import pandas as pd
from visgen.features.tables import read_features
from visgen.machine.devices import pick_device
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.specimens.splits import split_specimens
from visgen.visual_genetic.recognition.labelled_images import read_withheld, study_images
from visgen.visual_genetic.regimes.frozen import train_frozen
from visgen.visual_genetic.regimes.results import write_regime

start_log(snakemake.log[0])
use_threads()
given, params = snakemake.input, snakemake.params
seed = int(params.seed)
groups = pd.read_parquet(given.groups)
parts = split_specimens(groups, params.ranks, **params.split, seed=seed)
withheld = read_withheld(given.withheld, params.scope)
options = {key: params.options[key] for key in ("hidden", "size", "pretraining")}

trained = train_frozen(
    study_images(read_labels(given.labels), parts, params.rank, withheld),
    read_features(given.features).droplevel("repeat"),
    Path(os.environ["VISGEN_FEATURE_STORE"]),
    **options,
    seed=seed,
    device=pick_device(),
)
write_regime(dict(snakemake.output.items()), trained)
trained.checkpoint.discard()
