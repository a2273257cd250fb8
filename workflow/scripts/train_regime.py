"""Train a network under a regime, and pool the features that it makes of every image."""

import os
from pathlib import Path

import pandas as pd
from visgen.features.backbones import load_backbone
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_images, read_labels
from visgen.specimens.splits import split_specimens
from visgen.visual_genetic.recognition.labelled_images import read_withheld, study_images
from visgen.visual_genetic.regimes.network import with_image_size
from visgen.visual_genetic.regimes.regime import train_regime
from visgen.visual_genetic.regimes.results import write_regime

# Where a system starts processes anew, those that read images run this file too.
if __name__ == "__main__":
    start_log(snakemake.log[0])
    use_threads()
    given = snakemake.input
    params = snakemake.params
    seed = int(params.seed)
    groups = pd.read_parquet(given.groups)
    parts = split_specimens(groups, params.ranks, **params.split, seed=seed)
    withheld = read_withheld(given.withheld, params.scope)
    images = study_images(read_labels(given.labels), parts, params.rank, withheld)
    images = images.merge(read_images(given.image_table, os.environ["VISGEN_IMAGES"]), on="id")
    options = dict(params.options)
    backbone = with_image_size(params.backbone, options.pop("image_size"))

    trained = train_regime(
        images,
        load_backbone(**backbone | {"weights": str(given.weights) or "none"}),
        Path(os.environ["VISGEN_FEATURE_STORE"]),
        **options,
        regime=params.regime,
        seed=seed,
        background=tuple(params.background),
        max_pixels=params.max_pixels,
        workers=int(os.environ["VISGEN_WORKERS"]),
    )
    write_regime(dict(snakemake.output.items()), trained)
    trained.checkpoint.discard()
