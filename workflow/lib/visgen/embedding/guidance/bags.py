"""Bags: the images of each taxon, in bags of any size, without padding."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from visgen.embedding.pooling import pool_views
from visgen.specimens.turns import take_turns


@dataclass(frozen=True)
class Bags:
    """Feature vectors in bags, one bag a taxon.

    Attributes
    ----------
    features
        (n_images, n_features), the images of a taxon side by side.
    sizes
        Images of each taxon; their sum is n_images.
    taxa
        Names, sorted.
    ids
        Index of the images, in the order of `features`.
    views
        View of each image where views are joined, else None.
    """

    features: Tensor
    sizes: tuple[int, ...]
    taxa: tuple[str, ...]
    ids: pd.Index
    views: np.ndarray | None = None

    def on(self, device: torch.device) -> "Bags":
        """Return the same bags on a device."""
        return replace(self, features=self.features.to(device))

    def redealt(self, rows: np.ndarray) -> "Bags":
        """Return bags of the same sizes with other images: place i goes to the image rows[i]."""
        where = torch.from_numpy(rows).to(self.features.device)
        views = None if self.views is None else self.views[rows]
        return replace(self, features=self.features[where], ids=self.ids[rows], views=views)

    def listed(self) -> tuple[pd.DataFrame, pd.Series, pd.Series | None]:
        """Return features, taxon and view (None where not joined) of each image, by position."""
        table = pd.DataFrame(self.features.numpy(), copy=False)
        views = None if self.views is None else pd.Series(self.views)
        return table, pd.Series(np.repeat(self.taxa, self.sizes)), views

    def pooled(
        self, pooling: str, seed: int, whiten_within: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Return a vector a taxon by a fixed pooling, as `visgen.embedding.pooling.pool_views`."""
        table = pd.DataFrame(self.features.numpy(), index=self.ids, copy=False)
        labels = pd.Series(np.repeat(self.taxa, self.sizes), index=self.ids)
        views = None if self.views is None else pd.Series(self.views, index=self.ids)
        return pool_views(table, labels, views, pooling, seed, whiten_within)


def make_bags(
    features: pd.DataFrame,
    taxa: pd.Series,
    *,
    finer: pd.DataFrame | None = None,
    views: pd.Series | None = None,
    per_taxon: int | None = None,
    seed: int = 1,
) -> Bags:
    """Put the images of each taxon into its bag.

    Parameters
    ----------
    features
        (n, n_features), index (id, repeat); repeats > 0 are augmented repeats.
    taxa
        Taxon of each image, index id; images with a gap are in no bag.
    views
        View of each image, index id, where views are joined.
    finer
        Taxa of each image at finer ranks, coarse to fine, index id, gaps null; None for no rank.
    per_taxon
        None takes each clean image once. A number makes bags alike in size, as Roy (2025) did:
        from a larger bag so many images are drawn at random, taxa of the finer ranks taking
        turns, so that each stays or, where they are too many, as many as there is room for; a
        smaller one is raised with augmented repeats, as far as there are any; no vector is in a bag
        twice.
    seed
        Of the draws; a taxon's draw does not depend on the other taxa.

    Returns
    -------
    Bags
        Sorted by taxon and image, whatever the order of the rows; float32.

    Raises
    ------
    ValueError
        If an image with a taxon has no features, or features are not finite or all the same.
    """
    rows = deal_images(features.index, taxa, finer=finer, per_taxon=per_taxon, seed=seed)
    sizes = rows.groupby("taxon", sort=True).size()
    values = features.to_numpy(np.float32, copy=False)
    values = values[rows["row"].to_numpy()]
    # Extremes instead of a mask of all values, which would be another quarter of the features.
    finite = np.isfinite(values.min(axis=1)) & np.isfinite(values.max(axis=1))
    if not finite.all():
        name = rows["id"].to_numpy()[~finite][0]
        raise ValueError(f"features: id {name!r} has a value that is not finite")
    if (values.min(axis=0) == values.max(axis=0)).all():
        raise ValueError(f"features: all {len(values)} images have the same features")
    return Bags(
        torch.from_numpy(values),
        tuple(map(int, sizes)),
        tuple(sizes.index),
        pd.MultiIndex.from_frame(rows[["id", "repeat"]]),
        None if views is None else views.loc[rows["id"]].to_numpy(),
    )


def deal_images(
    images: pd.MultiIndex,
    taxa: pd.Series,
    *,
    finer: pd.DataFrame | None = None,
    per_taxon: int | None = None,
    seed: int = 1,
) -> pd.DataFrame:
    """Say which images go into the bag of which taxon.

    Parameters
    ----------
    images
        (id, repeat) of all there are.
    taxa, finer, per_taxon, seed
        As in `make_bags`.

    Returns
    -------
    DataFrame
        Columns id, repeat, taxon and row (position in `images`), sorted by taxon, id and repeat.

    Raises
    ------
    ValueError
        If an image with a taxon is not there.
    """
    labels = taxa.dropna().sort_index()
    lacking = labels.index.difference(images.get_level_values("id"))
    if len(lacking):
        raise ValueError(f"features: {len(lacking)} ids are missing, the first is {lacking[0]!r}")
    rows = images.to_frame(index=False)
    rows["taxon"] = rows["id"].map(labels)
    rows["row"] = np.arange(len(rows))
    rows = rows.dropna(subset=["taxon"]).sort_values(["taxon", "id", "repeat"])
    if per_taxon is None:
        return rows[rows["repeat"] == 0]
    finer = pd.DataFrame(index=labels.index) if finer is None else finer
    bags = rows.groupby("taxon", sort=True)
    return pd.concat([_draw(bag, finer, per_taxon, seed) for _, bag in bags])


def one_vector_bags(vectors: pd.DataFrame) -> tuple[Bags, np.ndarray]:
    """Put vectors that are pooled already into bags of one, in as few coordinates as they need.

    Cosines do not change under rotation, and n vectors span n dimensions at most: fits take a
    fraction of the time.

    Parameters
    ----------
    vectors
        (n_taxa, n_features), index taxon, sorted.

    Returns
    -------
    bags
        (n_taxa, n_coordinates) float64.
    basis
        (n_coordinates, n_features), orthonormal rows: coordinates @ basis are the vectors.
    """
    left, values, basis = np.linalg.svd(vectors.to_numpy(np.float64), full_matrices=False)
    # The sign of a direction is the library's whim: fix it, so that fits do not hang on it.
    signs = np.sign(basis[np.arange(len(basis)), np.abs(basis).argmax(axis=1)])
    coordinates = torch.from_numpy(left * values * signs)
    return (
        Bags(coordinates, (1,) * len(vectors), tuple(vectors.index), vectors.index),
        basis * signs[:, None],
    )


def _draw(bag: pd.DataFrame, finer: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Draw clean images, and repeats where they are too few; the rows stay in order."""
    clean, repeats = bag[bag["repeat"] == 0], bag[bag["repeat"] > 0]
    words = np.frombuffer(bag["taxon"].iloc[0].encode(), np.uint8)
    rng = np.random.default_rng([seed, *words])
    if len(clean) >= n:
        shuffled = rng.permutation(len(clean))
        order = take_turns(finer.loc[clean["id"].to_numpy()[shuffled]])
        return clean.iloc[np.sort(shuffled[order[:n]])]
    n_repeats = min(n - len(clean), len(repeats))
    drawn = rng.choice(len(repeats), n_repeats, replace=False) if n_repeats else []
    raised = repeats.iloc[drawn]
    return pd.concat([clean, raised]).sort_values(["id", "repeat"])
