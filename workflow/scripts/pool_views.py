"""Pool the features that a regime's network makes of distorted views of training images."""

import os

import pandas as pd
from visgen.backbones import UNTRAINED, load_backbone
from visgen.logs import start_log
from visgen.metric_learning.files import read_checkpoint, write_pooled
from visgen.metric_learning.network import with_image_size
from visgen.metric_learning.view_features import pool_views
from visgen.recognition.study import read_withheld, study_images
from visgen.splits import read_splits
from visgen.threads import use_threads

# Where a system starts processes anew, those that read images run this file too.
if __name__ == "__main__":
    start_log(snakemake.log[0])
    use_threads()
    params, given, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
    seed, options = int(wildcards.seed), dict(params.options)
    backbone = with_image_size(params.backbone, options.pop("image_size"))
    pooled = pool_views(
        study_images(
            pd.read_parquet(given.specimens),
            read_splits([given.split])[seed],
            params.rank,
            read_withheld(given.withheld, wildcards.scope),
        ),
        load_backbone(**backbone | {"weights": UNTRAINED}),  # the checkpoint has the trained ones
        *read_checkpoint(given.checkpoint, with_encoder=True),
        **options,
        seed=seed,
        background=tuple(params.background),
        max_pixels=params.max_pixels,
        workers=int(os.environ["VISGEN_WORKERS"]),
    )
    write_pooled(snakemake.output.views, pooled)
