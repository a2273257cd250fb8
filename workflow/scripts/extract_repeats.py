"""Features of augmented repeats of a shard's training images."""

import os
from pathlib import Path

from visgen.features.backbones import load_backbone
from visgen.features.extraction import extract_features
from visgen.features.tables import in_shard, write_features
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_images
from visgen.specimens.splits import ever_in_train, read_splits

start_log(snakemake.log[0])
use_threads()
params = snakemake.params
images = read_images(snakemake.input.image_table, os.environ["VISGEN_IMAGES"])
images = images[in_shard(images["sha256"], int(snakemake.wildcards.shard), params.shards)]
images = images[images["id"].isin(ever_in_train(read_splits(snakemake.input.splits)))]
options = params.backbone | {"weights": str(snakemake.input.weights) or "none"}
features, made_with = extract_features(
    images,
    load_backbone(**options),
    Path(os.environ["VISGEN_FEATURE_STORE"]),
    repeats=range(1, params.repeats + 1),
    augmentation=params.augmentation,
    batch_size=params.batch_size,
    precision=params.precision,
    background=tuple(params.background),
    max_pixels=params.max_pixels,
    workers=int(os.environ["VISGEN_WORKERS"]),
)
write_features(Path(snakemake.output[0]), features, made_with)
