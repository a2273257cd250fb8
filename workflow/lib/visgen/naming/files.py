"""A naming model on disk: a folder that names photographs without its study.

- ``model.json``: ``format`` (1), and all that is no array: what names are taken from, ranks and
  the taxa of each, lineages, temperatures and weights, the network and how images are read for it,
  what the study's pictures look like, digests of the other files.
- ``model.safetensors``: ``space.*``, ``around.*``, ``head.*``, ``calibration.*``, ``gallery.*``,
  ``placement.*``, ``candidates.*``.
- ``gallery.tsv``: the labelled specimens, in the order of ``gallery.looks``.
- ``pictures.tsv``: their images, so that one of them is known again.
- ``network.safetensors``: the weights of the network.
- ``model_card.md``: for people.

Nothing in it is executed when it is read.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from visgen.classification.lineages.known import Lineages
from visgen.classification.lineages.weights import RankWeights
from visgen.classification.networks.keeping import tensors_below
from visgen.naming.calibration import Calibration
from visgen.naming.candidates import Candidates
from visgen.naming.head_files import describe_head, head_of
from visgen.naming.model import Gallery, NamingModel
from visgen.naming.novelty import Surroundings, levels
from visgen.naming.odds import Pooling
from visgen.naming.parts import Parts
from visgen.naming.relatives import Placement
from visgen.naming.strangers import Strangers
from visgen.prior.looks import LookSpace
from visgen.tables import read_table, write_table

FORMAT = 1
TENSORS, ABOUT, GALLERY, PICTURES, NETWORK, CARD = FILES = (
    "model.safetensors",
    "model.json",
    "gallery.tsv",
    "pictures.tsv",
    "network.safetensors",
    "model_card.md",
)
_WITH_DIGEST = (TENSORS, GALLERY, PICTURES, NETWORK)
#: Columns of the table of labelled images.
NO_PICTURES = pd.DataFrame(columns=["id", "sha256", "specimen"], dtype="str")
_DAMAGED = "{}: found a damaged naming model ({}); make it anew, or copy it again"


def write_model(folder: Path, model: NamingModel, about: Mapping[str, Any]) -> None:
    """Write a model; the same model gives the same bytes.

    Parameters
    ----------
    folder
        That exists and has the network already, as `visgen.naming.network.write_network` writes it.
    model
        What to write.
    about
        What else who reads it needs, in plain values; ``network`` among it.
    """
    lineages, parts = model.lineages, model.parts
    tensors = {
        "space.axes": parts.space.axes,
        "space.offset": parts.space.offset,
        "space.length": np.array([parts.space.length]),
        "known": parts.known.astype(np.int64),
        "gallery.looks": model.gallery.looks,
        "calibration.rare": model.calibration.rare,
        "calibration.lineage": model.calibration.lineage.astype(np.int64),
        "calibration.flat": model.calibration.flat,
        "weights.shares": model.pooling.weights.shares,
    }
    tensors |= {f"around.{name}": array for name, array in parts.around._asdict().items()}
    for name in ("nodes", "novelty"):
        scores = getattr(model.calibration, name)
        tensors |= {f"calibration.{name}.{level}": array for level, array in scores.items()}
    strangers = model.calibration.strangers._asdict()
    tensors |= {f"calibration.strangers.{name}": array for name, array in strangers.items()}
    head_tensors, head = describe_head(parts.head)
    tensors |= {f"head.{name}": array for name, array in head_tensors.items()}
    told = {
        "format": FORMAT,
        "ranks": lineages.ranks,
        "taxa": {rank: list(taxa) for rank, taxa in lineages.taxa.items()},
        "lineages": lineages.places.tolist(),
        "head": head,
        "temperatures": dict(model.pooling.temperatures),
        "rank_weights": {
            "temperature": model.pooling.weights.temperature,
            "n": model.pooling.weights.n,
        },
        "placement": None,
        "candidates": None,
    }
    if model.placement is not None:
        told["placement"] = {"tips": model.placement.tips.tolist()}
        tensors |= {
            "placement.of_known": model.placement.of_known,
            "placement.of_new": model.placement.of_new,
        }
    if model.candidates is not None:
        arrays = model.candidates._asdict()
        told["candidates"] = list(arrays.pop("names"))
        tensors |= {f"candidates.{name}": array for name, array in arrays.items()}
    packed = save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    (folder / TENSORS).write_bytes(packed)
    write_table(folder / GALLERY, model.gallery.taxa.reset_index())
    pictures = NO_PICTURES if model.pictures is None else model.pictures
    write_table(folder / PICTURES, pictures[list(NO_PICTURES)])
    told |= dict(about)
    told["digests"] = {name: digest_of(folder / name) for name in _WITH_DIGEST}
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / ABOUT).write_text(text + "\n", encoding="utf-8")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_about(folder: Path) -> dict[str, Any]:
    """Read what is no array, and check that the folder is whole.

    Raises
    ------
    ValueError
        If there is no model, it is of another format, or a file of it is missing or not the one
        that was written.
    """
    path = folder / ABOUT
    if not path.is_file():
        raise ValueError(
            f"{folder}: found no naming model (no {ABOUT}); a study makes one as "
            "results/<dataset>/naming/model with `snakemake --cores all naming`"
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        form = told.get("format")
    except (ValueError, AttributeError) as error:
        raise ValueError(_DAMAGED.format(path, f"no JSON: {error}")) from error
    if form != FORMAT:
        raise ValueError(
            f"{path}: found a naming model of format {form!r}, this version reads {FORMAT}"
        )
    digests = told.get("digests")
    if not isinstance(digests, dict):
        raise ValueError(_DAMAGED.format(path, "it has no digests"))
    for name in _WITH_DIGEST:
        if not (folder / name).is_file():
            raise ValueError(_DAMAGED.format(folder / name, "it is missing"))
        if digest_of(folder / name) != digests.get(name):
            what = "not the network that it was learned with" if name == NETWORK else "other bytes"
            raise ValueError(_DAMAGED.format(folder / name, what))
    return told


def read_model(folder: Path) -> tuple[NamingModel, dict[str, Any]]:
    """Read what `write_model` wrote.

    Returns
    -------
    model, about
        What names, and all of model.json.

    Raises
    ------
    ValueError
        As `read_about`; if arrays or words are missing, or do not fit each other.
    """
    told = read_about(folder)
    try:
        tensors = load_file(folder / TENSORS)
        return _model_of(folder, tensors, told), told
    except (LookupError, SafetensorError, TypeError, ValueError) as error:
        raise ValueError(_DAMAGED.format(folder, f"{type(error).__name__}: {error}")) from error


def _model_of(
    folder: Path, tensors: Mapping[str, np.ndarray], told: Mapping[str, Any]
) -> NamingModel:
    ranks = told["ranks"]
    taxa = {rank: pd.Index(told["taxa"][rank], dtype="str") for rank in ranks}
    places = np.array(told["lineages"], int).reshape(-1, len(ranks))
    names = pd.DataFrame(
        {rank: [taxa[rank][p] if p >= 0 else None for p in places[:, r]] for r, rank in
         enumerate(ranks)},
        dtype="str",
    )  # fmt: skip
    space = LookSpace(
        tensors["space.axes"], tensors["space.offset"], float(tensors["space.length"][0])
    )
    around = Surroundings(*(tensors[f"around.{name}"] for name in Surroundings._fields))
    parts = Parts(
        space, head_of(tensors_below(tensors, "head."), told["head"]), around, tensors["known"]
    )
    weights = RankWeights(
        tensors["weights.shares"], told["rank_weights"]["temperature"], told["rank_weights"]["n"]
    )
    calibration = Calibration(
        tensors["calibration.rare"],
        tensors["calibration.lineage"],
        tensors["calibration.flat"],
        *(
            {level: tensors[f"calibration.{name}.{level}"] for level in levels(ranks)}
            for name in ("nodes", "novelty")
        ),
        Strangers(*(tensors[f"calibration.strangers.{name}"] for name in Strangers._fields)),
    )
    gallery = read_table(folder / GALLERY).set_index("specimen")[ranks]
    placement = None
    if told["placement"] is not None:
        placement = Placement(
            np.array(told["placement"]["tips"], object),
            tensors["placement.of_known"],
            tensors["placement.of_new"],
        )
    candidates = None
    if told.get("candidates") is not None:
        _, *arrays = Candidates._fields
        candidate_names = np.array(told["candidates"], object)
        candidates = Candidates(
            candidate_names, *(tensors[f"candidates.{name}"] for name in arrays)
        )
    return NamingModel(
        Lineages(names, places, taxa),
        parts,
        Pooling(told["temperatures"], weights),
        calibration,
        Gallery(tensors["gallery.looks"], gallery),
        placement,
        candidates,
        read_table(folder / PICTURES)[list(NO_PICTURES)],
    )
