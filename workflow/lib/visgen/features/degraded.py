"""Features of degraded versions of images, and which images have such a version."""

import logging
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from visgen.features.backbones import Backbone
from visgen.features.degrading import DEGRADE, REVISION
from visgen.features.extraction import Version, extract_features
from visgen.specimens.images import load_image, naming
from visgen.specimens.oddities import Usual, find_oddities, look_at

log = logging.getLogger(__name__)


class Degraded(NamedTuple):
    """A degraded version of images.

    Attributes
    ----------
    pictures
        As `look_at_degraded` returns it.
    features, made_with
        As `extract_degraded` returns them, of the images that have such a version.
    """

    pictures: pd.DataFrame
    features: pd.DataFrame
    made_with: dict[str, str]


def draw_specimens(images: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the images of some specimens, all of each: of those whose digests come first.

    Parameters
    ----------
    images
        specimen, sha256.
    most
        Images.

    Returns
    -------
    DataFrame
        Their rows, as they were ordered. A drawn specimen stays drawn when others come, as far as
        there is room.
    """
    of_specimen = images.groupby("specimen")["sha256"].agg(["min", "size"]).sort_values("min")
    drawn = of_specimen.index[of_specimen["size"].cumsum() <= most]
    return images[images["specimen"].isin(drawn)]


def look_at_degraded(
    images: pd.DataFrame,
    word: str,
    backbone: Backbone,
    usual: Usual | None,
    *,
    background: tuple[int, int, int],
    max_pixels: int,
) -> pd.DataFrame:
    """Tell of which images there is a degraded version, and what is odd about it.

    Parameters
    ----------
    images
        id, path, sha256, width, height.
    word
        One of `visgen.features.degrading.DEGRADE`.
    backbone
        That is to see them: they are read as large as it needs them.
    usual
        What the study's own pictures look like; None does not look for oddities.
    background, max_pixels
        As `visgen.specimens.images.load_image` takes them.

    Returns
    -------
    DataFrame
        id; made, whether there is a version; where they are looked for, oddities and
        oddities_clean, of the version and of the image itself, words of
        `visgen.specimens.oddities.ODDITIES` (null: none).
    """
    rows = []
    for row in images.itertuples(index=False):
        picture = load_image(
            Path(row.path),
            background=background,
            max_pixels=max_pixels,
            at_least=backbone.image_size,
        )
        with naming(row.path):
            version = DEGRADE[word](picture, row.sha256)
            side = min(row.width, row.height)
            odd = [
                None
                if of is None or usual is None
                else " ".join(find_oddities(look_at(of, side), usual, backbone.image_size)) or None
                for of in (version, picture)
            ]
        rows.append((row.id, version is not None, *odd))
    names = ["id", "made", "oddities", "oddities_clean"]
    text = {name: "str" for name in names if name != "made"}
    told = names if usual is not None else names[:2]
    return pd.DataFrame(rows, columns=names).astype(text | {"made": bool})[told]


def extract_degraded(
    images: pd.DataFrame, word: str, backbone: Backbone, store: Path, **options: Any
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return features of degraded versions of images, all of which have one.

    Parameters
    ----------
    images
        id, path, sha256.
    word
        One of `visgen.features.degrading.DEGRADE`.
    backbone, store, options
        As `visgen.features.extraction.extract_features` takes them, and what it returns.
    """
    version = Version({"degraded": word, "revision": REVISION}, DEGRADE[word])
    return extract_features(images, backbone, store, version=version, **options)


def degrade_images(
    images: pd.DataFrame,
    word: str,
    backbone: Backbone,
    store: Path,
    usual: Usual | None,
    *,
    background: tuple[int, int, int],
    max_pixels: int,
    **options: Any,
) -> Degraded:
    """Return a degraded version of the images that have one.

    Parameters
    ----------
    images, word, backbone, usual, background, max_pixels
        As `look_at_degraded` takes them.
    store, options
        As `extract_degraded` takes them.
    """
    reading = {"background": background, "max_pixels": max_pixels}
    pictures = look_at_degraded(images, word, backbone, usual, **reading)
    log.info("%s: %d of %d images", word, pictures["made"].sum(), len(pictures))
    made = images[pictures["made"].to_numpy()]
    return Degraded(pictures, *extract_degraded(made, word, backbone, store, **reading, **options))
