"""Which images show best what a network sees, and how much of all images it does not see."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.features.framing import Framing

#: An image of which a larger share than this is cut counts as cut.
CUT = 0.05

#: Ratios of sides that differ by less than so many per cent count as the same.
_SAME = 10


def summarise_cuts(images: pd.DataFrame, framing: Framing) -> pd.DataFrame:
    """Return how much of images is cut before a network sees them.

    Parameters
    ----------
    images
        Columns width and height, pixels.
    framing
        How the network's images are framed.

    Returns
    -------
    DataFrame
        One row: n_images; n_cut, those of which more than `CUT` of the area is cut; median_cut and
        largest_cut, shares of the area, null without an image; image_size, crop_mode, crop_pct.
    """
    sizes = zip(images["width"], images["height"], strict=True)
    shares = pd.Series([framing.share_cut(*size) for size in sizes], dtype=float)
    return pd.DataFrame([{
        "n_images": len(shares),
        "n_cut": int((shares > CUT).sum()),
        "median_cut": shares.median(),
        "largest_cut": shares.max(),
        "image_size": framing.image_size,
        "crop_mode": framing.crop_mode,
        "crop_pct": framing.crop_pct,
    }])  # fmt: skip


def spread_images(images: pd.DataFrame, n_shown: int) -> pd.DataFrame:
    """Return a few images of all shapes, the most elongated among them, from tall to wide.

    Parameters
    ----------
    images
        Columns id, width, height and taxon; null where an image has none.
    n_shown
        Number of images at most.

    Returns
    -------
    DataFrame
        Rows of `images`. Of images of nearly the same shape one of a taxon that is not there yet
        comes first, of these the first by id.
    """
    images = images.sort_values("id", ignore_index=True)
    if images.empty:
        return images
    shape = np.log(images["width"] / images["height"])
    wanted = list(np.linspace(shape.min(), shape.max(), min(n_shown, len(images))))
    chosen = [int(shape.abs().argmax())]
    wanted.remove(min(wanted, key=lambda target: abs(target - shape[chosen[0]])))
    for target in wanted:
        distance = (100 * (shape - target).abs() // _SAME).drop(chosen)
        is_shown = images["taxon"].isin(images["taxon"][chosen])
        order = pd.DataFrame({"distance": distance, "shown": is_shown[distance.index]})
        chosen.append(order.sort_values(["distance", "shown"], kind="stable").index[0])
    return images.loc[shape[sorted(chosen)].sort_values(kind="stable").index]


def finest_names(labels: pd.DataFrame, ranks: Sequence[str]) -> pd.Series:
    """Return the name of the finest rank at which each image has one.

    Parameters
    ----------
    labels
        A column a rank, gaps null.
    ranks
        Coarse to fine, one at least.
    """
    return labels[list(ranks)].ffill(axis=1).iloc[:, -1].rename("taxon")
