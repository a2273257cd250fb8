"""Make the naming models in tests/golden/naming-1: PYTHONPATH=workflow/lib python <this file>.

They are of format 1, and what this version answers. Later versions that read the format are to
answer the same: to make them anew is to change what is promised to those who keep a model.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from visgen.features.backbones import UNTRAINED, load_backbone
from visgen.features.extraction import extract_features
from visgen.naming.__main__ import main
from visgen.naming.candidate_looks import find_candidates
from visgen.naming.candidate_names import Offered
from visgen.naming.classifier_head import train_classifiers
from visgen.naming.files import NETWORK, write_model
from visgen.naming.labelled import labelled_specimens
from visgen.naming.model import learn_names, study_lineages
from visgen.naming.network import write_network
from visgen.naming.network_head import network_head
from visgen.naming.prior_head import train_prior_head
from visgen.naming.recurring import labelled_pictures
from visgen.prior.relatives import relatives_of, taxonomy_steps
from visgen.specimens.images import inspect_image
from visgen.specimens.oddities import Look, look_at, usual
from visgen.specimens.taxonomy import lineage

HERE = Path(__file__).parent / "naming-1"
RANKS = ["family", "genus", "species"]
SIDE, N_SPECIMENS = 32, 5
READING = {
    "batch_size": 4,
    "precision": "float32",
    "background": [255, 255, 255],
    "max_pixels": 10_000,
    "min_side": 8,
    "max_aspect_ratio": 7.0,
}
PLAIN = {"resample": None, "transform": None, "best_features": None, "pca": None}


def species():
    """Return names: two families of two genera of two species."""
    names = [(f"F{i // 4}", f"G{i // 2}", f"G{i // 2} s{i}") for i in range(8)]
    return pd.DataFrame(names, columns=RANKS, dtype="str")


def draw(number, rng):
    """Draw a striped disc: a family has a colour, a genus a width, a species a direction."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + rng.normal(size=2)[:, None, None]
    along = x * (number % 2) + y * (1 - number % 2)
    stripes = np.sin(along * (0.5 if number // 2 % 2 else 1.1) + rng.normal() / 4)
    colour = np.array([[210, 60, 30], [40, 90, 220]][number // 4])
    disc = (x**2 + y**2 < (13 + rng.normal()) ** 2)[..., None]
    picture = np.where(disc, colour + 40 * stripes[..., None], 245)
    picture = picture + 5 * rng.normal(size=(SIDE, SIDE, 3))
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def draw_study(folder):
    """Write pictures; return a row an image, with labels and the measures of its picture."""
    rng = np.random.default_rng(1)
    rows = []
    for number, names in species().iterrows():
        for k in range(N_SPECIMENS):
            for view in range(1 + k % 2):
                path = folder / f"s{number}_{k}_{view}.png"
                picture = draw(number, rng)
                picture.save(path)
                sha256 = inspect_image(path).sha256
                told = (path.name, str(path), sha256, f"s{number}_{k}", *names, *look_at(picture))
                rows.append(told)
    columns = ["id", "path", "sha256", "specimen", *RANKS, *Look._fields]
    return pd.DataFrame(rows, columns=columns)


def offered(labelled, kind):
    """Return three species without pictures: two of known genera, one of a known family."""
    more = [("F0", "G0", "G0 t0"), ("F1", "G3", "G3 t1"), ("F1", None, "G4 t2")]
    more = pd.DataFrame(more, columns=RANKS, dtype="str")
    steps = taxonomy_steps(lineage(pd.concat([labelled.taxa, more]), RANKS, "species"))
    tree = pd.DataFrame(steps.data, steps.ids, steps.ids)
    above = lineage(more, RANKS, "species")
    return Offered(above, tree, tree if kind == "prior" else None)


def drawn_taxa():
    """Return the taxa that a network knows: all but one."""
    return list(species()["species"][:-1])


def drawn_network():
    """Return a network whose weights are drawn, for 10 features."""
    rng = np.random.default_rng(3)
    sizes = {"projection.0": (6, 10), "projection.2": (5, 6), "head": (7, 5)}
    tensors = {"mean": rng.normal(size=10), "deviation": rng.uniform(0.5, 2, 10)}
    for layer, size in sizes.items():
        tensors[f"{layer}.weight"] = rng.normal(size=size)
        tensors[f"{layer}.bias"] = rng.normal(size=size[0])
    return {name: array.astype(np.float32) for name, array in tensors.items()}


def make(folder, kind, backbone, labelled, pictures, about):
    """Write one model, and what it answers for the golden pictures."""
    lineages = study_lineages(labelled.taxa)
    steps = taxonomy_steps(lineage(labelled.taxa, RANKS, "species"))
    relatives = relatives_of("taxonomy", steps)
    distances = pd.DataFrame(steps.data, pd.Index(steps.ids, name="species"), steps.ids)

    def train(shown, looks):
        if kind == "prior":
            names = lineages.names["species"]
            named = looks._replace(taxa=[names[number] for number in looks.taxa])
            return train_prior_head(named, lineages.taxa["species"], relatives, "species")
        if kind == "network":
            return network_head(drawn_network(), drawn_taxa(), lineages.taxa["species"], "species")
        options = {**PLAIN, "method": "nearest_centroid", "transform": ["centre", "l2"]}
        return train_classifiers(shown, lineages.taxa, options, seed=1, threads=1)

    model, _ = learn_names(labelled, train, distances, lineages=lineages, seed=1)
    candidates = find_candidates(model, offered(labelled, kind))
    model = model._replace(candidates=candidates, pictures=pictures)
    folder.mkdir(parents=True)
    network = write_network(folder / NETWORK, backbone, UNTRAINED)
    write_model(folder, model, about | {"network": network})
    with tempfile.TemporaryDirectory() as made:
        main([str(folder), str(HERE / "images"), made, *ASKED])
        for table in ("specimens", "images", "rejected"):
            shutil.copy(Path(made) / f"{table}.tsv", folder / f"expected_{table}.tsv")


ASKED = ["--specimen-pattern", r"(?P<specimen>\w)_\d", "--confidence", "0.8"]
ASKED += ["--false-flags", "0.1", "--workers", "1"]


def draw_golden():
    """Write the pictures that are asked about: a specimen of two, another one, and a stranger."""
    rng = np.random.default_rng(2)
    (HERE / "images").mkdir(parents=True)
    for number, name in ((1, "a_1"), (1, "a_2"), (6, "b_1")):
        draw(number, rng).save(HERE / f"images/{name}.png")
    noise = rng.integers(0, 256, (16, 24, 3), np.uint8)
    Image.fromarray(noise).save(HERE / "images/noise.png")
    (HERE / "images/empty.png").touch()


def make_all():
    """Make the models."""
    shutil.rmtree(HERE, ignore_errors=True)
    draw_golden()
    backbone = load_backbone(
        "test_convnext",
        UNTRAINED,
        seed=1,
        model_args={"dims": [4, 6, 8, 10], "depths": [1, 1, 1, 1]},
        preprocessing={"image_size": SIDE, "crop_pct": 1.0},
    )
    with tempfile.TemporaryDirectory() as passing:
        images = draw_study(Path(passing))
        options = {key: READING[key] for key in ("batch_size", "precision", "max_pixels")}
        features, _ = extract_features(
            images[["id", "path", "sha256"]],
            backbone,
            Path(passing) / "store",
            background=tuple(READING["background"]),
            workers=1,
            **options,
        )
    labels = images.set_index("id")[["specimen", *RANKS]]
    labelled = labelled_specimens(features.droplevel("repeat"), labels, RANKS)
    pictures = labelled_pictures(images, labels["specimen"], labelled.taxa.index)
    about = {
        "images": READING,
        "usual": usual(images)._asdict(),
    }
    for kind in ("classification", "prior", "network"):
        fresh = np.arange(len(labelled.taxa)) % 2 == 0 if kind == "network" else None
        labelled = labelled._replace(fresh=fresh)
        make(HERE / kind, kind, backbone, labelled, pictures, about)


if __name__ == "__main__":
    make_all()
