"""The labelled specimens of a study, from which names for others are learned."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.features.taxon_means import taxon_means


class Labelled(NamedTuple):
    """Specimens with labels, and the features of their images.

    Attributes
    ----------
    taxa
        (n_specimens, n_ranks) columns coarse to fine, gaps null; index specimen, sorted.
    images
        (n_images,) position of the specimen of each image.
    x
        (n_images, n_features) float32.
    fresh
        (n_specimens,) bool, those that a trained network has not learned from, where names are
        taken from one: it says nothing honest of the others. None: there is no such network.
    versions
        Degraded versions of these specimens, the index that of their originals, which may come
        several times or not at all. Names are learned from them too. None: there are none.
    """

    taxa: pd.DataFrame
    images: np.ndarray
    x: np.ndarray
    fresh: np.ndarray | None = None
    versions: "Labelled | None" = None

    @property
    def means(self) -> np.ndarray:
        """Mean features of each specimen, (n_specimens, n_features) float32."""
        return taxon_means(self.x, self.images)

    def of(self, chosen: np.ndarray) -> "Labelled":
        """Return some of the specimens, of (n_specimens,) bool."""
        kept = chosen[self.images]
        place = np.cumsum(chosen) - 1
        fresh = None if self.fresh is None else self.fresh[chosen]
        taxa, versions = self.taxa[chosen], self.versions
        if versions is not None:
            versions = versions.of(versions.taxa.index.isin(taxa.index))
        return Labelled(taxa, place[self.images[kept]], self.x[kept], fresh, versions)

    def with_versions(self) -> tuple["Labelled", np.ndarray]:
        """Return these specimens, and behind them their versions as further ones.

        Returns
        -------
        labelled
            All, without versions.
        origin
            (n_all,) position of each specimen's original, for an original its own.
        """
        origin = np.arange(len(self.taxa))
        if self.versions is None:
            return self, origin
        origin = np.append(origin, self.taxa.index.get_indexer(self.versions.taxa.index))
        return Labelled(
            self.taxa.iloc[origin],
            np.append(self.images, len(self.taxa) + self.versions.images),
            np.concatenate([self.x, self.versions.x]),
            None if self.fresh is None else self.fresh[origin],
        ), origin


def labelled_specimens(
    features: pd.DataFrame, labels: pd.DataFrame, ranks: Sequence[str]
) -> Labelled:
    """Collect the images of each specimen that has a label at one of the ranks.

    Parameters
    ----------
    features
        (n_images, n_features), index id.
    labels
        Index id; specimen and the ranks, gaps null. A specimen whose images disagree, where a
        study keeps such, has the labels of its first image by id.
    ranks
        Coarse to fine.

    Raises
    ------
    ValueError
        If no image has a label.
    """
    named = labels[labels[list(ranks)].notna().any(axis=1)].sort_index()
    if named.empty:
        raise ValueError(f"no image has a label at {', '.join(ranks)}: names cannot be learned")
    code, names = pd.factorize(named["specimen"].astype(object), sort=True)
    first = np.unique(code, return_index=True)[1]
    taxa = named[list(ranks)].iloc[first]
    taxa.index = pd.Index(names, name="specimen", dtype="str")
    return Labelled(taxa, code, features.loc[named.index].to_numpy(np.float32))


def join_versions(versions: Sequence[Labelled]) -> Labelled | None:
    """Return several versions of specimens as one table of them; None of none."""
    if not versions:
        return None
    before = np.cumsum([0, *(len(version.taxa) for version in versions[:-1])])
    return Labelled(
        pd.concat([version.taxa for version in versions]),
        np.concatenate([n + version.images for n, version in zip(before, versions, strict=True)]),
        np.concatenate([version.x for version in versions]),
    )
