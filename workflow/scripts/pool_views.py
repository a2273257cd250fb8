"""Pool the features that a regime's network makes of distorted views of training images."""

import os

import pandas as pd
from visgen.features.backbones import load_backbone
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_images, read_labels
from visgen.specimens.splits import split_specimens
from visgen.visual_genetic.recognition.labelled_images import read_withheld, study_images
from visgen.visual_genetic.regimes.files import read_checkpoint, write_pooled
from visgen.visual_genetic.regimes.network import with_image_size
from visgen.visual_genetic.regimes.view_features import pool_views

# Where a system starts processes anew, those that read images run this file too.
if __name__ == "__main__":
    start_log(snakemake.log[0])
    use_threads()
    given = snakemake.input
    params = snakemake.params
    seed = int(snakemake.wildcards.seed)
    groups = pd.read_parquet(given.groups)
    parts = split_specimens(groups, params.ranks, **params.split, seed=seed)
    withheld = read_withheld(given.withheld, snakemake.wildcards.scope)
    images = study_images(read_labels(given.labels), parts, params.rank, withheld)
    images = images.merge(read_images(given.image_table, os.environ["VISGEN_IMAGES"]), on="id")
    options = dict(params.options)
    backbone = with_image_size(params.backbone, options.pop("image_size"))
    tensors, about = read_checkpoint(given.checkpoint, with_encoder=True)

    pooled = pool_views(
        images,
        load_backbone(**backbone | {"weights": str(given.weights) or "none"}),
        tensors,
        about,
        **options,
        seed=seed,
        background=tuple(params.background),
        max_pixels=params.max_pixels,
        workers=int(os.environ["VISGEN_WORKERS"]),
    )
    write_pooled(snakemake.output.views, pooled)
