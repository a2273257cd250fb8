"""What the pictures of a study look like, so that odd ones among others are known."""

from functools import partial

import numpy as np
import pandas as pd

from visgen.specimens.images import load_image
from visgen.specimens.oddities import Usual, look_at, usual

#: Pictures that are looked at: enough for a quantile of 1 %.
SAMPLE = 500


def usual_pictures(
    images: pd.DataFrame, background: tuple[int, int, int], max_pixels: int
) -> Usual:
    """Look at some pictures of a study, and sum up what is usual.

    Parameters
    ----------
    images
        path, sha256, width and height; those whose digests come first are looked at.
    background, max_pixels
        As `visgen.specimens.images.load_image` takes them.
    """
    sample = images.sort_values("sha256").head(SAMPLE)
    load = partial(load_image, background=tuple(background), max_pixels=max_pixels, at_least=128)
    sides = np.minimum(sample["width"], sample["height"])
    looks = [
        look_at(load(path), int(side)) for path, side in zip(sample["path"], sides, strict=True)
    ]
    return usual(pd.DataFrame(looks))
