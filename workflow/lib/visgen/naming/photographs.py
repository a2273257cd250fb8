"""Photographs by the thousand: through the network and to names, some at a time."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.features.backbones import Backbone
from visgen.features.extraction import extract_features
from visgen.naming.answering import Asked, answer
from visgen.naming.model import NamingModel
from visgen.naming.novelty_doubt import doubt_novelty
from visgen.naming.recurring import in_study
from visgen.naming.tabulating import tabulate
from visgen.specimens.oddities import Look, Usual, find_oddities
from visgen.tables import append_table, write_table

log = logging.getLogger(__name__)

#: Images that are named at a time, but for those of one specimen, which stay together.
CHUNK = 1024
#: Columns of the table of images. The place of an image is its locality here: in tables a place is
#: a number.
IMAGE_COLUMNS = ["id", "path", "sha256", "width", "height", "specimen", "view", "source"]
IMAGE_COLUMNS += ["locality", "reading", "oddities", "in_study"]


class Looking(NamedTuple):
    """How a network looks at photographs.

    Attributes
    ----------
    backbone
        The network.
    batch_size, precision, background, max_pixels, workers
        As `visgen.features.extraction.extract_features` takes them.
    """

    backbone: Backbone
    batch_size: int
    precision: str
    background: tuple[int, int, int]
    max_pixels: int
    workers: int


def name_photographs(
    photographs: pd.DataFrame,
    folder: Path,
    model: NamingModel,
    looking: Looking,
    asked: Asked,
    usual: Usual,
    made: Mapping[str, Path],
    store: Path | None = None,
) -> None:
    """Name specimens by their photographs, and write the tables as far as they are done.

    Parameters
    ----------
    photographs
        As `visgen.specimens.unnamed.ingest_unnamed` returns them, at least one, sorted by
        specimen.
    folder
        Of the photographs.
    model, looking, asked
        What names, what sees, and how sure names are to be.
    usual
        What the study's own pictures look like.
    made
        Paths of the tables: specimens, as `visgen.naming.tabulating.tabulate` returns them with
        n_images, oddities and novelty_doubt beside; images.
    store
        Of features, where what has been seen is not looked at again; None keeps nothing.
    """
    first = True
    for chunk in chunks_of(photographs):
        features = _features(chunk, folder, looking, store)
        code, specimens = pd.factorize(chunk["specimen"])
        answers = answer(model, features, code, asked)
        table = tabulate(model, answers, specimens, asked)
        odd = [
            " ".join(find_oddities(Look(*look), usual, looking.backbone.image_size))
            for look in chunk[list(Look._fields)].itertuples(index=False, name=None)
        ]
        chunk = chunk.rename(columns={"place": "locality"})
        chunk = chunk.assign(oddities=pd.Series(odd, chunk.index, dtype="str"))
        known = in_study(chunk, model.pictures)
        chunk = chunk.assign(in_study=known["image"])
        table.insert(1, "n_images", np.bincount(code))
        table.insert(2, "oddities", list(_oddities_of(chunk["oddities"], code)))
        # Of a specimen with several photographs, what the first that the study has is of.
        table.insert(3, "in_study", known["specimen"].groupby(code).first().to_numpy())
        doubt = doubt_novelty(table["novelty"], table["oddities"])
        table.insert(table.columns.get_loc("novelty") + 1, "novelty_doubt", doubt)
        for path, rows in (("specimens", table), ("images", chunk[IMAGE_COLUMNS])):
            (write_table if first else append_table)(made[path], rows)
        first = False
        log.info("%d specimens named", len(specimens))


def chunks_of(photographs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield photographs, at most `CHUNK` at a time, and all of a specimen together.

    Parameters
    ----------
    photographs
        Sorted by specimen.
    """
    same = photographs["specimen"].eq(photographs["specimen"].shift(-1)).to_numpy()
    ends = np.flatnonzero(~same) + 1  # behind the last image of each specimen
    begin = 0
    for end, following in zip(ends, [*ends[1:], np.inf], strict=True):
        if following - begin > CHUNK:
            yield photographs.iloc[begin:end]
            begin = end


def _features(
    chunk: pd.DataFrame, folder: Path, looking: Looking, store: Path | None
) -> np.ndarray:
    """Return (n_images, n_features) float32 in the order of the chunk."""
    options: dict[str, Any] = looking._asdict()
    backbone = options.pop("backbone")
    images = chunk[["id", "sha256"]].assign(
        path=[(folder / path).as_posix() for path in chunk["path"]]
    )
    with TemporaryDirectory() as passing:
        features, _ = extract_features(images, backbone, store or Path(passing), **options)
    return features.droplevel("repeat").loc[chunk["id"]].to_numpy()


def _oddities_of(oddities: pd.Series, code: np.ndarray) -> Iterator[str | None]:
    """Yield the oddities of the images of each specimen, each once."""
    for _, words in oddities.groupby(code):
        yield " ".join(dict.fromkeys(" ".join(words).split())) or None
