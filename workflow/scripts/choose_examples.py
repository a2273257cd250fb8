"""Choose the specimens that the page shows, and make small photographs of them."""

import os
from itertools import product
from pathlib import Path

import pandas as pd
from visgen.classification.predictions import iterate_predictions
from visgen.distances.matrices import load_distances
from visgen.distances.taxon_distances import taxon_distances
from visgen.features.tables import read_features
from visgen.figures.taxon_order import taxa_in_order
from visgen.machine.logs import start_log
from visgen.report.galleries.choosing import Shown, choose_galleries
from visgen.report.galleries.examples import wanted_images
from visgen.report.galleries.named import choose, named_images, no_names
from visgen.report.photographs import make_thumbnails, photographs_script
from visgen.specimens.records import read_images, read_labels
from visgen.specimens.splits import read_splits
from visgen.tables import read_table, write_table

start_log(snakemake.log[0])
given, made, params = snakemake.input, snakemake.output, snakemake.params
labels = read_labels(given.labels)
chosen = [read_table(path).assign(backbone=Path(path).parent.name) for path in given.chosen]
choice = choose(pd.concat(chosen), params.ranks)
backbone = choice.backbone if choice else params.backbones[0]
paths = dict(zip(product(params.backbones, params.classifiers), given.predictions, strict=True))
named = no_names()
if choice:
    predictions = iterate_predictions(paths[backbone, choice.classifier])
    named = named_images(predictions, choice.rank, labels["specimen"])
tips = load_distances(given.distances[0]) if given.distances else None
in_tree = (tips, labels, params.ranks, params.tree_rank)
shown = Shown(
    labels=labels,
    features=read_features(
        [path for path in given.features if Path(path).parent.name == backbone]
    ).droplevel("repeat"),
    parts=read_splits([given.split])[params.seed],
    ranks=params.ranks,
    rank=params.rank,
    order=taxa_in_order(*in_tree, params.rank),
    backbone=backbone,
    choice=choice,
    named=named,
    distances=taxon_distances(*in_tree, choice.rank) if given.distances and choice else None,
)
weights = {Path(path).parts[-3:-1]: pd.read_parquet(path) for path in given.weights}
prior = [read_table(path).assign(seed=int(Path(path).parent.name[5:])) for path in given.prior]
prior = pd.concat(prior) if prior else None
examples = choose_galleries(shown, weights, prior, **params.prior)
write_table(made.examples, examples)
images = read_images(given.image_table, os.environ["VISGEN_IMAGES"]).set_index("id")["path"]
wanted = wanted_images(examples, [read_table(path) for path in given.maps])
small = make_thumbnails(images, wanted, tuple(params.background), params.max_pixels)
Path(made.photographs).write_text(photographs_script(small), encoding="utf-8")
