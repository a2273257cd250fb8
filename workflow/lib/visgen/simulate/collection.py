"""Which specimens a simulated collection holds, and which pictures were taken of them."""

import numpy as np
import pandas as pd

from visgen.simulate.photographs import BACKGROUNDS
from visgen.simulate.ranks import RANKS

# Each source photographs on a ground of its own, as real ones do.
SOURCES = dict(
    zip(
        ("Brandt Museum", "Ebersbach Cabinet", "Harbour Shells", "Lindqvist Collection"),
        BACKGROUNDS,
        strict=True,
    )
)
META_COLUMNS = (
    *("filename", *RANKS),
    *("specimen", "view", "source", "split"),
)
TEST_SPECIMENS, TEST_IMAGES_EACH = 3, 2
_FEWEST, _MOST = 3, 40  # training specimens of a species
_MOST_IMAGES = 3  # of a training specimen
VIEW_OF_IMAGE = {1: "outside", 2: "inside", 3: "outside"}
_PNG_SHARE = 0.15


def lay_out_collection(taxonomy: pd.DataFrame, n_images: int, seed: int) -> pd.DataFrame:
    """Lay out a collection: a long-tailed training part and a balanced test part.

    Parameters
    ----------
    taxonomy : pandas.DataFrame
        One row a species; columns subclass, order, family, genus, species.
    n_images : int
        Number of images in all.
    seed : int
        Seed of all chance in it.

    Returns
    -------
    pandas.DataFrame
        One row an image with the columns ``META_COLUMNS``, sorted by file name. The test part has
        3 specimens with 2 images each of every species; the training part has specimens in
        proportion to 1 / rank (Zipf), 3 to 40, with 1 to 3 images each. A specimen is in one part.

    Raises
    ------
    ValueError
        If n_images is too small for 3 training specimens a species or too large for 40.
    """
    n_species = len(taxonomy)
    n_test = n_species * TEST_SPECIMENS * TEST_IMAGES_EACH
    fewest, most = n_test + n_species * _FEWEST, n_test + n_species * _MOST * _MOST_IMAGES
    if not fewest <= n_images <= most:
        raise ValueError(
            f"n_images is {n_images}; {n_species} species need {fewest} to {most} images"
        )
    rng = np.random.default_rng(seed)
    n_specimens = _zipf_counts(n_species, n_images - n_test)
    rng.shuffle(n_specimens)  # abundance has nothing to do with descent
    n_each = _share_images(n_specimens.sum(), n_images - n_test, rng)
    of_specimen = np.split(n_each, np.cumsum(n_specimens)[:-1])
    specimens = []
    for row, counts in zip(taxonomy.to_dict("records"), of_specimen, strict=True):
        parts = [("train", int(n)) for n in counts] + [("test", TEST_IMAGES_EACH)] * TEST_SPECIMENS
        specimens += [(row, split, n) for split, n in parts]
    rows = []
    for number, (taxa, split, n) in enumerate(specimens, start=1):
        source = str(rng.choice(list(SOURCES)))
        suffix = "png" if rng.random() < _PNG_SHARE else "jpg"
        rows += specimen_rows(taxa, f"VG{number:05d}", n, split, source, suffix)
    return pd.DataFrame(rows, columns=list(META_COLUMNS)).sort_values("filename", ignore_index=True)


def specimen_rows(
    taxa: dict[str, str], specimen: str, n_images: int, split: str, source: str, suffix: str
) -> list[dict[str, str]]:
    """Return the rows of the images of one specimen.

    Parameters
    ----------
    taxa : dict
        Its taxon at each rank.
    specimen : str
        Its catalogue number.
    n_images : int
        Number of images, 1 to 3; the second shows the inside.
    split : {"train", "test"}
        Part that it belongs to.
    source : str
        One of ``SOURCES``.
    suffix : {"jpg", "png"}
        File format.

    Returns
    -------
    list of dict
        One row an image, with the keys ``META_COLUMNS``.
    """
    stem = f"{taxa['species'].replace(' ', '_')}_{specimen}"
    return [
        taxa
        | {
            "filename": f"{stem}_{number}.{suffix}",
            "specimen": specimen,
            "view": VIEW_OF_IMAGE[number],
            "source": source,
            "split": split,
        }
        for number in range(1, n_images + 1)
    ]


def _zipf_counts(n_species: int, n_images: int) -> np.ndarray:
    """Return specimens per species, largest first, for about two images a specimen."""
    rank = np.arange(1, n_species + 1)
    wanted = np.clip(n_images / 2, _FEWEST * n_species, _MOST * n_species)
    low, high = 0.0, float(_MOST * n_species)
    for _ in range(60):
        middle = (low + high) / 2
        if np.clip(np.rint(middle / rank), _FEWEST, _MOST).sum() < wanted:
            low = middle
        else:
            high = middle
    return np.clip(np.rint(high / rank), _FEWEST, _MOST).astype(int)


def _share_images(n_specimens: int, n_images: int, rng: np.random.Generator) -> np.ndarray:
    """Return 1 to 3 images per specimen with the given total."""
    counts = rng.integers(1, _MOST_IMAGES + 1, n_specimens)
    while (missing := n_images - counts.sum()) != 0:
        free = np.flatnonzero(counts < _MOST_IMAGES if missing > 0 else counts > 1)
        chosen = rng.permutation(free)[: abs(missing)]
        counts[chosen] += np.sign(missing)
    return counts
