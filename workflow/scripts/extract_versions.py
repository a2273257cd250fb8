"""Features of a degraded version of all labelled images, to be learned from too."""

import logging
import os
from pathlib import Path

from visgen.features.backbones import load_backbone
from visgen.features.degraded import extract_degraded, look_at_degraded
from visgen.features.tables import write_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_images, read_labels
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
word = snakemake.wildcards.version
images = read_images(given.image_table, os.environ["VISGEN_IMAGES"])
reading = {"background": tuple(params.background), "max_pixels": params.max_pixels}
labels = read_labels(given.labels)
labelled = labels.index[labels[params.ranks].notna().any(axis=1)]
images = images[images["id"].isin(labelled)]
backbone = load_backbone(**params.backbone | {"weights": str(given.weights) or "none"})
pictures = look_at_degraded(images, word, backbone, None, **reading)
write_table(made.pictures, pictures)
logging.info("%s: %d of %d images", word, pictures["made"].sum(), len(pictures))
features, made_with = extract_degraded(
    images[pictures["made"].to_numpy()],
    word,
    backbone,
    Path(os.environ["VISGEN_FEATURE_STORE"]),
    batch_size=params.batch_size,
    precision=params.precision,
    workers=int(os.environ["VISGEN_WORKERS"]),
    **reading,
)
write_features(Path(made.versions), features, made_with)
