"""Which photographs the page shows: some of each specimen, and one of each that it looks like."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from visgen.naming.tabulating import NEAREST
from visgen.report.naming_page.cards import PHOTOGRAPHS, key_of_known, key_of_photograph
from visgen.report.photographs import SIDE, make_thumbnail

#: Longest side of a photograph of a specimen without a name, in pixels, where there are few.
LARGE = 2 * SIDE
#: Photographs up to which these are large, and the page has all itself, to be sent by mail alone.
FEW = 200


def shown_pictures(
    specimens: pd.DataFrame,
    images: pd.DataFrame,
    folder: str | Path,
    known_pictures: pd.Series,
) -> dict[str, Path]:
    """Return the path of each photograph that the page shows, by its key.

    Parameters
    ----------
    specimens, images
        As `visgen.naming.photographs.name_photographs` writes them.
    folder
        Of the photographs without names.
    known_pictures
        Path of a picture, index labelled specimen.
    """
    shown = images.groupby("specimen", sort=False).head(PHOTOGRAPHS)["path"]
    columns = [f"nearest_{k}" for k in range(1, NEAREST + 1) if f"nearest_{k}" in specimens]
    alike = sorted(set().union(*(specimens[column].dropna() for column in columns)))
    return {
        **{key_of_photograph(path): Path(folder) / path for path in shown},
        **{key_of_known(name): Path(known_pictures[name]) for name in alike},
    }


def make_pictures(
    paths: Mapping[str, Path], background: tuple[int, int, int], max_pixels: int
) -> dict[str, bytes]:
    """Return small photographs by key; where there are few, those without names are larger.

    Parameters
    ----------
    paths
        As `shown_pictures` returns them.
    background, max_pixels
        As in `visgen.specimens.images.load_image`.
    """
    large = LARGE if len(paths) <= FEW else SIDE
    return {
        key: make_thumbnail(
            path, background, max_pixels, large if key.startswith(key_of_photograph("")) else SIDE
        )
        for key, path in sorted(paths.items())
    }
