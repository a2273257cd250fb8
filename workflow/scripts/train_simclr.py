"""Learn a backbone's weights from the study's images, without labels."""

import os
from pathlib import Path

from visgen.features.backbones import load_backbone
from visgen.features.simclr.results import write_weights
from visgen.features.simclr.training import train_simclr
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_images
from visgen.tables import write_table

# Where a system starts processes anew, those that read images run this file too.
if __name__ == "__main__":
    start_log(snakemake.log[0])
    use_threads()
    params = snakemake.params
    backbone = params.backbone | {"weights": str(snakemake.input.initial_weights) or "none"}
    trained = train_simclr(
        read_images(snakemake.input.image_table, os.environ["VISGEN_IMAGES"]),
        load_backbone(**backbone),
        Path(os.environ["VISGEN_FEATURE_STORE"]),
        **params.options,
        background=tuple(params.background),
        max_pixels=params.max_pixels,
        workers=int(os.environ["VISGEN_WORKERS"]),
    )
    write_weights(Path(snakemake.output.weights), trained)
    write_table(snakemake.output.history, trained.history)
    trained.checkpoint.discard()
