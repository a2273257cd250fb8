"""Naming photographs against extracting their features, and memory by the number of photographs."""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.features.backbones import Backbone, load_backbone
from visgen.features.extraction import extract_features
from visgen.naming.answering import Asked
from visgen.naming.labelled import Labelled
from visgen.naming.model import NamingModel, learn_names, study_lineages
from visgen.naming.photographs import Looking, name_photographs
from visgen.naming.prior_head import train_prior_head
from visgen.prior.relatives import relatives_of, taxonomy_steps
from visgen.specimens.oddities import Usual, look_at, usual
from visgen.specimens.unnamed import ingest_unnamed

N_SPECIES, EACH, SIDE = 500, 8, 128
N_IMAGES = (500, 2500)
OPTIONS = {
    "batch_size": 32,
    "precision": "float32",
    "background": (255, 255, 255),
    "max_pixels": 10**6,
    "workers": 1,
}


def backbone() -> Backbone:
    """Return the network of the demo, untrained: what it sees costs as much."""
    return load_backbone("tf_efficientnet_lite0", "none", preprocessing={"image_size": SIDE})


def learned(n_features: int) -> NamingModel:
    """Return a model of many species, learned from noise around their means."""
    rng = np.random.default_rng(1)
    species = np.repeat(np.arange(N_SPECIES), EACH)
    means = rng.normal(size=(N_SPECIES, n_features))
    x = (means[species] + rng.normal(size=(len(species), n_features))).astype(np.float32)
    taxa = pd.DataFrame(
        {
            "genus": [f"g{number // 5:03d}" for number in species],
            "species": [f"s{number:03d}" for number in species],
        },
        pd.Index([f"x{number:05d}" for number in range(len(species))], name="specimen"),
    )
    labelled = Labelled(taxa, np.arange(len(species)), x)
    lineages = study_lineages(taxa)
    above = lineages.names.set_index("species")[["genus"]]
    relatives = relatives_of("taxonomy", taxonomy_steps(above))
    names = lineages.names["species"]

    def train_head(_: Labelled, looks):
        named = looks._replace(taxa=[names[number] for number in looks.taxa])
        return train_prior_head(named, lineages.taxa["species"], relatives, "species")

    return learn_names(labelled, train_head, None, lineages=lineages, seed=1)[0]


def draw(folder: Path, n: int) -> pd.DataFrame:
    """Draw photographs of noise, and take them in."""
    folder.mkdir()
    for number in range(n):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:05d}.png")
    return ingest_unnamed(folder)[0]


def name(folder: Path, n: int) -> tuple[float, float, float]:
    """Return seconds to extract features, seconds to name, and the peak of memory in MiB."""
    torch.set_num_threads(1)
    photographs = draw(folder / f"{n}", n)
    network = backbone()
    model = learned(network.n_features)
    pictures = [look_at(Image.new("RGB", (SIDE, SIDE))) for _ in range(3)]
    own: Usual = usual(pd.DataFrame(pictures))
    paths = [(folder / f"{n}" / path).as_posix() for path in photographs["path"]]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as store:
        extract_features(photographs.assign(path=paths), network, Path(store), **OPTIONS)
    extracted = time.perf_counter() - start
    made = {key: folder / f"{n}.{key}.tsv" for key in ("specimens", "images")}
    start = time.perf_counter()
    looking = Looking(network, **OPTIONS)
    asked = Asked(0.9, 0.05, None)
    name_photographs(photographs, folder / f"{n}", model, looking, asked, own, made)
    named = time.perf_counter() - start
    return extracted, named, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Name few and many photographs, each in a process of its own."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for n in N_IMAGES:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found.append(pool.apply(name, (Path(folder), n)))
    for n, (extracted, named, memory) in zip(N_IMAGES, found, strict=True):
        print(
            f"{n:,} photographs by {N_SPECIES * EACH:,} specimens of {N_SPECIES} species: features "
            f"{extracted:.1f} s, named {named:.1f} s, ratio {named / extracted:.2f}, "
            f"{memory:.0f} MiB at most"
        )


if __name__ == "__main__":
    main()
