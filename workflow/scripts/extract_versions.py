"""Features of a degraded version of all labelled images, to be learned from too."""

import os
from pathlib import Path

from visgen.features.backbones import load_backbone
from visgen.features.degraded import degrade_images
from visgen.features.tables import write_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_images, read_labels
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
images = read_images(given.image_table, os.environ["VISGEN_IMAGES"])
labels = read_labels(given.labels)
labelled = labels.index[labels[params.ranks].notna().any(axis=1)]
images = images[images["id"].isin(labelled)]
backbone = load_backbone(**params.backbone | {"weights": str(given.weights) or "none"})
version = degrade_images(
    images,
    snakemake.wildcards.version,
    backbone,
    Path(os.environ["VISGEN_FEATURE_STORE"]),
    None,
    background=tuple(params.background),
    max_pixels=params.max_pixels,
    batch_size=params.batch_size,
    precision=params.precision,
    workers=int(os.environ["VISGEN_WORKERS"]),
)
write_table(made.pictures, version.pictures)
write_features(Path(made.versions), version.features, version.made_with)
