"""One vector a taxon, pooled from the features of its images without any training.

These are the null rows that every guided embedding stands beside: mean, median, medoid, random.
"""

import hashlib
from collections.abc import Collection

import numpy as np
import pandas as pd

from visgen.embedding.options import FIXED_POOLINGS
from visgen.features.whitening import Whitening

#: Fewer vectors have no distances to compare.
MIN_TAXA = 3


def pool(features: pd.DataFrame, taxa: pd.Series, pooling: str, seed: int) -> pd.DataFrame:
    """Pool the features of the images of each taxon into one vector.

    ``mean`` (Roy 2025) and ``median`` (Hofmann et al. 2024) go element by element over the
    images; each image counts the same, whichever specimen it shows, and is not normalised.
    ``medoid`` is the image with the smallest summed cosine distance to the others of its taxon,
    the first id where several are equal. ``random`` ignores the images: standard normal values
    drawn from the seed and the name of the taxon, so that they do not depend on the other taxa.

    Parameters
    ----------
    features : DataFrame, (n_images, n_features)
        One row an image, image ids as index.
    taxa : Series, (n_images,)
        The taxon of each image, image ids as index. Images with a gap are left out.
    pooling : {"mean", "median", "medoid", "random"}
        How to pool.
    seed : int
        Seed of ``random``, not negative; the other three draw nothing.

    Returns
    -------
    DataFrame, (n_taxa, n_features)
        float64, sorted by taxon.

    Raises
    ------
    ValueError
        If the pooling is unknown, an id occurs twice or in one table only, no image has a
        taxon, a feature is not finite, all images used have the same features, or (medoid) an
        image has the zero vector.

    Examples
    --------
    >>> ids = ["1.jpg", "2.jpg", "3.jpg"]
    >>> features = pd.DataFrame([[1.0, 0.0], [3.0, 2.0], [5.0, 4.0]], ids)
    >>> taxa = pd.Series(["Arca noae", "Arca noae", "Pinna nobilis"], ids)
    >>> pool(features, taxa, "mean", seed=0).T.to_dict("list")
    {'Arca noae': [2.0, 1.0], 'Pinna nobilis': [5.0, 4.0]}
    """
    if pooling not in FIXED_POOLINGS:
        raise ValueError(f"pooling is {pooling!r}, expected one of {', '.join(FIXED_POOLINGS)}")
    table, labels = _join(features, taxa)
    match pooling:
        case "random":
            names = sorted(labels.unique())
            rows = [_random_vector(name, table.shape[1], seed) for name in names]
            vectors = pd.DataFrame(rows, index=names, columns=table.columns)
        case "medoid":
            _refuse_zero_rows(table)
            vectors = table.groupby(labels).apply(_medoid)
        case "mean" | "median":
            vectors = table.groupby(labels).agg(pooling)
    return vectors.sort_index().rename_axis("taxon")


def pool_views(
    features: pd.DataFrame,
    taxa: pd.Series,
    views: pd.Series | None,
    pooling: str,
    seed: int,
    whiten_within: Collection[str] | None = None,
) -> pd.DataFrame:
    """Pool the images of each view of a taxon, and set the views side by side.

    Parameters
    ----------
    features, taxa, pooling, seed
        As in `pool`.
    views : Series, (n_images,), or None
        The view of each image, image ids as index; None pools all images of a taxon together.
    whiten_within : collection of str or None
        Whitens first what varies within these taxa, of each view: the less of it, the more a
        direction counts. None leaves features as they are.

    Returns
    -------
    DataFrame, (n_taxa, n_views * n_features)
        float64, sorted by taxon; views in alphabetical order. Where whitened, as many columns a
        view as `visgen.features.whitening.Whitening` has components.

    Raises
    ------
    ValueError
        As `pool`, or if a taxon lacks a view, or no two images of a taxon to whiten within
        differ.
    """
    if views is None and whiten_within is None:
        return pool(features, taxa, pooling, seed)
    taxa = taxa.dropna()
    if views is None:
        whitened = _whiten(features.loc[taxa.index], taxa, whiten_within)
        return pool(whitened, taxa, pooling, seed)
    parts = []
    for view in sorted(views.loc[taxa.index].unique()):
        of_view = taxa[(views.loc[taxa.index] == view).to_numpy()]
        images = features.loc[of_view.index]
        part = pool_views(images, of_view, None, pooling, seed, whiten_within)
        if lacking := sorted(set(taxa) - set(part.index)):
            raise ValueError(f"taxa: {lacking[0]!r} has no image of the view {view!r}")
        parts.append(part.add_prefix(f"{view} "))
    return pd.concat(parts, axis=1)


def whiten_images(features: pd.DataFrame, taxa: pd.Series, views: pd.Series | None) -> pd.DataFrame:
    """Whiten what varies within taxa, of each view by itself, as `pool_views` does.

    Parameters
    ----------
    features, taxa, views
        As in `pool_views`, without gaps.

    Returns
    -------
    DataFrame
        Rows as `features`; a view with fewer components than another has zeros for the others.
    """
    if views is None:
        return _whiten(features, taxa, taxa.unique())
    of_views = views.loc[taxa.index]
    parts = [
        _whiten(features.loc[those.index], those, taxa.unique())
        for _, those in taxa.groupby(of_views)
    ]
    return pd.concat(parts).fillna(0.0).loc[features.index]


def centre(vectors: pd.DataFrame) -> pd.DataFrame:
    """Subtract the mean over the taxa, so that cosines compare departures from the mean taxon.

    Not always a gain: show it beside the vectors as they are.

    Parameters
    ----------
    vectors : DataFrame, (n_taxa, n_features)
        One vector a taxon.

    Returns
    -------
    DataFrame, (n_taxa, n_features)
        The same rows, with column means of zero.

    Examples
    --------
    >>> vectors = pd.DataFrame([[1.0, 4.0], [3.0, 0.0]], ["Arca noae", "Pinna nobilis"])
    >>> centre(vectors).T.to_dict("list")
    {'Arca noae': [-1.0, 2.0], 'Pinna nobilis': [1.0, -2.0]}
    """
    return vectors - vectors.mean(axis=0)


def enough_images(taxa: pd.Series, min_images: int) -> tuple[pd.Series, pd.DataFrame]:
    """Leave out taxa with few images, whose vectors would be mostly noise.

    Parameters
    ----------
    taxa : Series, (n_images,)
        The taxon of each image, image ids as index; gaps are left out.
    min_images : int
        Smallest number of images of a taxon.

    Returns
    -------
    taxa : Series
        The images of the other taxa.
    omitted : DataFrame
        Columns taxon, n_images, reason.

    Notes
    -----
    Where fewer than three taxa have so many images, none is left.
    """
    labelled = taxa.dropna()
    n_images = labelled.value_counts().sort_index()
    few = n_images < min_images
    reason = pd.Series(f"fewer than {min_images} images", n_images.index)
    if (~few).sum() < MIN_TAXA:
        reason[~few] = f"fewer than {MIN_TAXA} taxa have {min_images} images"
        few[:] = True
    omitted = n_images[few].rename_axis("taxon").rename("n_images").reset_index()
    omitted["reason"] = reason[few].to_numpy()
    return labelled[labelled.map(~few).astype(bool)], omitted


def _whiten(features: pd.DataFrame, taxa: pd.Series, within: Collection[str]) -> pd.DataFrame:
    values, is_within = features.to_numpy(np.float32), taxa.isin(within).to_numpy(bool)
    whitening = Whitening()
    whitening.fit(values[is_within], taxa.to_numpy()[is_within])
    return pd.DataFrame(whitening.apply(values), features.index)


def _join(features: pd.DataFrame, taxa: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Check both tables and return the images with a taxon, sorted by id, with their taxa."""
    for kind, index in (("features", features.index), ("taxa", taxa.index)):
        if not index.is_unique:
            raise ValueError(f"{kind}: id {index[index.duplicated()][0]!r} occurs twice")
    for kind, absent in (
        ("features", taxa.index.difference(features.index)),
        ("taxa", features.index.difference(taxa.index)),
    ):
        if len(absent):
            raise ValueError(f"{kind}: {len(absent)} ids are missing, the first is {absent[0]!r}")
    labels = taxa.dropna().sort_index()
    if labels.empty:
        raise ValueError(f"taxa: none of {len(taxa)} images has a taxon")
    table = features.loc[labels.index].astype(np.float64)
    finite = np.isfinite(table.to_numpy()).all(axis=1)
    if not finite.all():
        raise ValueError(f"features: id {table.index[~finite][0]!r} has a value that is not finite")
    if len(table) > 1 and (table.to_numpy() == table.to_numpy()[0]).all():
        raise ValueError(f"features: all {len(table)} images have the same features")
    return table, labels


def _refuse_zero_rows(table: pd.DataFrame) -> None:
    zero = ~table.to_numpy().any(axis=1)
    if zero.any():
        raise ValueError(
            f"features: id {table.index[zero][0]!r} is the zero vector, without cosine"
        )


def _medoid(images: pd.DataFrame) -> pd.Series:
    values = images.to_numpy()
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    # The sum over j of 1 - u_i.u_j is n - u_i.(sum of u_j): no matrix of pairs is needed.
    summed = len(unit) - unit @ unit.sum(axis=0)
    # Rounded, so that equal sums (two images, always) do not fall to the noise of the last bit.
    return images.iloc[np.argmin(summed.round(9))]


def _random_vector(taxon: str, n_features: int, seed: int) -> np.ndarray:
    words = np.frombuffer(hashlib.sha256(taxon.encode()).digest(), dtype="<u4")
    return np.random.default_rng([seed, *words]).standard_normal(n_features)
