"""Take a regime through stage 2, by real and permuted anchors or none, and predict taxa."""

import pandas as pd
from visgen.genetics.anchors.files import read_anchors
from visgen.machine.devices import pick_device
from visgen.machine.logs import start_log
from visgen.machine.threads import use_threads
from visgen.specimens.records import read_labels
from visgen.specimens.splits import split_specimens
from visgen.visual_genetic.cross_modal.files import write_variant
from visgen.visual_genetic.cross_modal.variants import train_variant
from visgen.visual_genetic.recognition.labelled_images import read_withheld, study_images
from visgen.visual_genetic.regimes.files import read_checkpoint, read_pooled

start_log(snakemake.log[0])
use_threads()
given = snakemake.input
params = snakemake.params
seed = int(snakemake.wildcards.seed)
anchors = str(given.anchors)  # empty where there is no such file
groups = pd.read_parquet(given.groups)
parts = split_specimens(groups, params.ranks, **params.split, seed=seed)
withheld = read_withheld(given.withheld, snakemake.wildcards.scope)
images = study_images(read_labels(given.labels), parts, params.rank, withheld)
tensors, about = read_checkpoint(given.checkpoint)

variant = train_variant(
    images.set_index("id"),
    pd.concat([read_pooled(path) for path in given.pooled]),
    tensors,
    about,
    read_anchors(anchors) if anchors else None,
    params.options,
    beside=[read_anchors(path).index for path in given.beside],
    name=params.anchors_name,
    neighbours=params.neighbours,
    rank=params.rank,
    seed=seed,
    device=pick_device(),
)
write_variant(dict(snakemake.output.items()), variant)
