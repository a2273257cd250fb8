"""Balancing the training part: small taxa are raised, large ones reduced, before training only."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.classifiers.options import (
    ALTERED,
    RAISED_WITH,
    REDUCTIONS,
    RESAMPLINGS,
)
from visgen.specimens.turns import take_turns


class TrainingRows(NamedTuple):
    """Rows of the feature matrix to train on.

    Attributes
    ----------
    positions
        (n_rows,) rows of the matrix; one may be there several times.
    altered
        (n_rows,) whether a row is an augmented view, or gets noise.
    """

    positions: np.ndarray
    altered: np.ndarray


def balance_training(
    rows: pd.DataFrame, resample: Mapping[str, Any] | None, seed: int
) -> TrainingRows:
    """Balance the rows of a training part as ``resample`` of a classifier says; None takes all."""
    if resample is None:
        return TrainingRows(rows["position"].to_numpy(), rows["repeat"].to_numpy() > 0)
    return resample_training(
        rows,
        resample["method"],
        resample["to"],
        reduce_first=resample["reduce_first"],
        source=resample["with"],
        augment=resample["augment"],
        seed=seed,
    )


def resample_training(
    rows: pd.DataFrame,
    method: str,
    to: int,
    *,
    reduce_first: Mapping[str, Any] | None = None,
    source: str = "copies",
    augment: str = "all",
    seed: int,
) -> TrainingRows:
    """Balance the rows of a training part.

    Parameters
    ----------
    rows
        The training part and nothing else, sorted by id and repeat: columns position (row of the
        feature matrix), id, repeat (0 is the clean image), taxon (number), stratum (finest
        label of the image).
    method
        ``raise``: taxa of fewer than `to` images get rows until they have `to`, their images
        taken in turn. ``reduce``: taxa of more keep `to` images, drawn at random.
        ``reduce_by_taxonomy``: the same, strata taking turns, so that every genus and species
        stays; a taxon of more than `to` strata keeps one image of each.
    to
        Number of images of a taxon.
    reduce_first
        With ``raise``: how large taxa are reduced before small ones are raised, as method and to,
        which is no less than `to`; None leaves them.
    source
        With ``raise``: ``copies``, ``noise`` (copies that are to get noise) or ``repeats``
        (augmented repeats).
    augment
        With ``raise``: ``all`` treats every taxon alike: all rows get noise; every row is drawn
        from the clean image and its repeats. ``raised``: only rows that are added are noisy or
        repeats, as in Roy 2025, where noise itself marks small taxa.
    seed
        Of all draws.

    Returns
    -------
    TrainingRows
        Raised taxa are made of clean images (or repeats); reduced ones keep all repeats of the
        images that stay.

    Raises
    ------
    ValueError
        If a method, source or augment are unknown, or repeats are asked for and an image has none.
    """
    for key, value, known in (
        ("method", method, RESAMPLINGS),
        ("source", source, RAISED_WITH),
        ("augment", augment, ALTERED),
        *([("reduce_first", reduce_first["method"], REDUCTIONS)] if reduce_first else []),
    ):
        if value not in known:
            raise ValueError(f"resampling {key} {value!r} is unknown")
    rng = np.random.default_rng(seed)
    if method == "raise":
        if reduce_first is not None:
            rows = _reduce(rows, reduce_first["method"], reduce_first["to"], rng)
        return _raise(rows, to, source, augment, rng)
    kept = _reduce(rows, method, to, rng)
    return TrainingRows(kept["position"].to_numpy(), kept["repeat"].to_numpy() > 0)


def _reduce(rows: pd.DataFrame, method: str, to: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows, in their order, of the images that stay."""
    images = rows.drop_duplicates("id")
    images = images.iloc[rng.permutation(len(images))]
    most = np.full(len(images), to)
    place = images.groupby("taxon").cumcount()
    if method == "reduce_by_taxonomy":
        images = images.iloc[take_turns(images[["taxon", "stratum"]])]
        place = images.groupby("taxon").cumcount()
        most = images.groupby("taxon")["stratum"].transform("nunique").clip(lower=to).to_numpy()
    return rows[rows["id"].isin(images.loc[place.to_numpy() < most, "id"])]


def _raise(
    rows: pd.DataFrame, to: int, source: str, augment: str, rng: np.random.Generator
) -> TrainingRows:
    clean = rows[rows["repeat"] == 0]
    positions, altered = [clean["position"].to_numpy()], [np.zeros(len(clean), bool)]
    added = []
    for _, members in clean.groupby("taxon"):
        missing = to - len(members)
        order = rng.permutation(members["position"].to_numpy())
        added.append(np.resize(order, max(missing, 0)))
    positions.append(np.concatenate(added).astype(int))
    altered.append(np.ones(len(positions[1]), bool) & (source != "copies"))
    positions, altered = np.concatenate(positions), np.concatenate(altered)
    if source == "noise" and augment == "all":
        altered[:] = True
    if source == "repeats":
        positions, altered = _with_repeats(rows, positions, altered, augment, rng)
    return TrainingRows(positions, altered)


def _with_repeats(
    rows: pd.DataFrame,
    positions: np.ndarray,
    altered: np.ndarray,
    augment: str,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Put repeats in the place of clean rows: of the added ones, or of all at the same odds."""
    repeats = rows.groupby("id")["repeat"].nunique()
    if repeats.min() < 2 or repeats.min() != repeats.max():
        raise ValueError(
            f"image {repeats.idxmin()!r} has {repeats.min() - 1} augmented repeats, expected "
            f"{max(repeats.max() - 1, 1)} of every training image"
        )
    n_repeats = int(repeats.iloc[0])
    # (n_images, n_repeats): the rows of each image, clean first
    table = rows["position"].to_numpy().reshape(-1, n_repeats)
    image = pd.Series(np.arange(len(table)), table[:, 0]).loc[positions].to_numpy()
    use = pd.Series(image).groupby(image).cumcount().to_numpy()  # how often it was used before
    first = 0 if augment == "all" else 1
    order = rng.permuted(np.tile(np.arange(first, n_repeats), (len(table), 1)), axis=1)
    chosen = order[image, (use - first) % order.shape[1]]
    chosen = np.where(altered, chosen, 0) if augment == "raised" else chosen
    return table[image, chosen], chosen > 0
