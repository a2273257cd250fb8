"""Taxa in the visual, the genetic and the joint space: centroids of test images, and anchors."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

#: Of test images before alignment, of anchors, of test images after it.
SPACES = ("visual", "genetic", "joint")


def read_spaces(
    before: str | Path, after: str | Path, anchors: pd.DataFrame, taxa: pd.Series
) -> dict[str, pd.DataFrame]:
    """Return the centroids of test images before and after alignment, the anchors between.

    Parameters
    ----------
    before, after
        ``embeddings.npz`` of the variant that is not aligned and of the aligned one, with id, part
        and values.
    anchors
        (n_taxa, size), taxon names as index.
    taxa
        Taxon of each image, index id.

    Returns
    -------
    dict of str to DataFrame
        By name of `SPACES`: (n_taxa, size), the taxa that all three have as index, sorted.

    Notes
    -----
    Training images would show where they were drawn to, not where new ones come to lie.
    """
    of_images = [centroids(*read_test_images(path, taxa)) for path in (before, after)]
    return of_shared_taxa(dict(zip(SPACES, (of_images[0], anchors, of_images[1]), strict=True)))


def read_test_images(path: str | Path, taxa: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Return the embeddings of test images, (n_images, size), and the taxon of each by id.

    Images without a label are left out.
    """
    with np.load(path, allow_pickle=False) as stored:
        of_images = taxa.loc[stored["id"].astype(object)]
        asked = (stored["part"] == "test") & of_images.notna().to_numpy()
        return stored["values"][asked].astype(float), of_images[asked]


def centroids(values: np.ndarray, taxa: pd.Series) -> pd.DataFrame:
    """Return the mean direction of every taxon's images.

    Parameters
    ----------
    values
        (n_images, size), none of them zero.
    taxa
        Taxon of each row.

    Returns
    -------
    DataFrame, (n_taxa, size)
        Means of vectors scaled to unit length; index taxon, sorted.
    """
    return pd.DataFrame(_unit(values)).groupby(taxa.to_numpy()).mean().rename_axis("taxon")


def of_shared_taxa(spaces: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the taxa that every space has, in one order."""
    shared = sorted(set.intersection(*(set(vectors.index) for vectors in spaces.values())))
    return {name: vectors.loc[shared] for name, vectors in spaces.items()}


def typical_images(values: np.ndarray, taxa: pd.Series) -> pd.Series:
    """Return for each taxon the image whose direction is nearest to its centroid.

    Parameters
    ----------
    values
        (n_images, size), none of them zero.
    taxa
        Taxon of each row, index id.

    Returns
    -------
    Series
        The id, index taxon, sorted; of equally near images the first by id.
    """
    middles = _unit(centroids(values, taxa).loc[taxa].to_numpy())
    cosines = np.einsum("ij,ij->i", _unit(values), middles).round(12)  # ties are ties
    table = pd.DataFrame({"id": taxa.index, "taxon": taxa.to_numpy(), "cosine": cosines})
    ordered = table.sort_values(["taxon", "cosine", "id"], ascending=[True, False, True])
    return ordered.drop_duplicates("taxon").set_index("taxon")["id"]


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=1, keepdims=True)
