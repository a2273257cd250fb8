"""Features of degraded versions of test images, and what is odd about each."""

import os
from pathlib import Path

from visgen.features.backbones import load_backbone
from visgen.features.degraded import degrade_images, draw_specimens
from visgen.features.tables import write_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.naming.usual import usual_pictures
from visgen.specimens.records import read_images, read_labels
from visgen.specimens.splits import ever_tested, read_splits
from visgen.tables import write_table

start_log(snakemake.log[0])
use_threads()
given, made, params = snakemake.input, snakemake.output, snakemake.params
images = read_images(given.image_table, os.environ["VISGEN_IMAGES"])
reading = {"background": tuple(params.background), "max_pixels": params.max_pixels}
usual = usual_pictures(images, **reading)
labels = read_labels(given.labels)
labels = labels[labels[params.ranks].notna().any(axis=1)]
tested = ever_tested(read_splits(given.splits), labels["specimen"])
images["specimen"] = images["id"].map(labels["specimen"])
images = draw_specimens(images[images["specimen"].isin(tested)], params.most)
options = params.backbone | {"weights": str(given.weights) or "none"}
backbone = load_backbone(**options)
for word, vectors, table in zip(params.degraded, made.degraded, made.pictures, strict=True):
    version = degrade_images(
        images,
        word,
        backbone,
        Path(os.environ["VISGEN_FEATURE_STORE"]),
        usual,
        batch_size=params.batch_size,
        precision=params.precision,
        workers=int(os.environ["VISGEN_WORKERS"]),
        **reading,
    )
    write_table(table, version.pictures)
    write_features(Path(vectors), version.features, version.made_with)
