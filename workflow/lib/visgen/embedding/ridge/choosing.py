"""Choice of what ridge leaves open, by known groups that are held out in turn."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from visgen.embedding.ridge.kernels import centred_kernel
from visgen.embedding.ridge.known_taxa import InnerFold, Targets
from visgen.embedding.ridge.solving import predict_coordinates, predicted_distances

_NOISE = 1e-9  # of the largest value: what rounding leaves of equal ones


class Choice(NamedTuple):
    """What was chosen, and how it scored on inner folds.

    Attributes
    ----------
    layers
        Whose features are taken, of `visgen.embedding.ridge.options.LAYERS`.
    power
        Of the distances that are squared distances between the targets.
    axes
        Principal coordinates that are predicted.
    penalty
        On what is learned, in units of the kernel's mean diagonal.
    residual
        Share of look beside predicted coordinates.
    inner_double_centred, inner_nearest
        On inner folds: r between held-out and known taxa, rows and columns centred; and how near
        the known taxon is that looks most alike, 1 for the nearest, 0 for a blind pick. NaN where
        there are none.
    """

    layers: str
    power: float
    axes: int
    penalty: float
    residual: float
    inner_double_centred: float
    inner_nearest: float


def choose(
    grams: Mapping[str, np.ndarray], inner: Sequence[InnerFold], options: Mapping[str, Any]
) -> Choice:
    """Choose layers, power, axes, penalty and residual.

    Parameters
    ----------
    grams
        By layers, (n_blocks, n_taxa, n_taxa) each, as
        `visgen.embedding.ridge.kernels.gram_matrices` makes them.
    inner
        Folds of known taxa.
    options
        powers (in the order of the targets), axes, penalties, residuals: what to choose among;
        criterion: one of `visgen.embedding.ridge.options.CRITERIA`.

    Returns
    -------
    Choice
        The best by the criterion, of equally good ones the first; the middle ones of each list
        where there is nothing to choose by.
    """
    names = ("powers", "axes", "penalties", "residuals")
    lists = [options[name] for name in names]
    # Sums over folds of x·y, x·x, y·y, regret and regret of a blind pick.
    sums = np.zeros((len(grams), *map(len, lists), 5))
    for fold in inner:
        for place, of_layers in enumerate(grams.values()):
            kernel = centred_kernel(of_layers, fold.targets.known)
            sums[place] += _fold_sums(kernel, fold, lists)
    lists = [list(grams), *lists]
    xy, xx, yy, regret, blind = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(xx * yy > 0, xy / np.sqrt(xx * yy), np.nan)
        nearest = np.where(blind > 0, 1 - regret / blind, np.nan)
    score = _score(r, nearest, options["criterion"])
    if np.isnan(score).all():
        best = tuple(len(values) // 2 for values in lists)
    else:
        # Equal but for rounding is equal.
        best = np.unravel_index(np.nanargmax(score.round(9)), score.shape)
    chosen = [values[place] for values, place in zip(lists, best, strict=True)]
    return Choice(*chosen, float(r[best]), float(nearest[best]))


def predict(kernel: np.ndarray, targets: Targets, penalties: Sequence[float]) -> np.ndarray:
    """Predict the coordinates of all taxa for every power and penalty.

    Parameters
    ----------
    kernel
        (n_taxa, n_taxa), centred on the targets' taxa.
    targets, penalties
        What to predict, and how.

    Returns
    -------
    ndarray
        (n_powers, n_penalties, n_taxa, n_axes).
    """
    n_powers, n_known, n_axes = targets.coordinates.shape
    side_by_side = targets.coordinates.transpose(1, 0, 2).reshape(n_known, -1)
    flat = predict_coordinates(kernel, targets.known, targets.weights, side_by_side, penalties)
    return flat.reshape(len(penalties), len(kernel), n_powers, n_axes).transpose(2, 0, 1, 3)


def to_unit_size(coordinates: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return (n_taxa, n_axes) divided by the root mean square length of known taxa's rows."""
    size = np.sqrt(np.square(coordinates[known]).sum(axis=1).mean())
    return coordinates / (size or 1.0)


def _score(r: np.ndarray, nearest: np.ndarray, criterion: str) -> np.ndarray:
    match criterion:
        case "double_centred":
            return r
        case "nearest":
            return nearest
        case "both":
            # What has no score says nothing of either: an ultrametric clade alone has no r.
            return np.where(
                np.isnan(r) & np.isnan(nearest), np.nan, np.nan_to_num(r) + np.nan_to_num(nearest)
            )
        case _:
            raise ValueError(f"criterion is {criterion!r}, expected double_centred, nearest, both")


def _fold_sums(kernel: np.ndarray, fold: InnerFold, lists: Sequence[Sequence[float]]) -> np.ndarray:
    """Return (n_powers, n_axes, n_penalties, n_residuals, 5): the sums of one inner fold."""
    _, axes, penalties, residuals = lists
    known, held_out = fold.targets.known, fold.held_out
    predicted = predict(kernel, fold.targets, penalties)
    look, own = kernel[np.ix_(held_out, known)], np.diagonal(kernel)
    genetic = fold.genetic - fold.genetic.mean(axis=0)
    genetic -= genetic.mean(axis=1, keepdims=True)
    if np.abs(genetic).max() <= _NOISE * np.abs(fold.genetic).max():
        genetic[:] = 0.0
    nearest = fold.genetic.min(axis=1)
    sums = np.zeros((*map(len, lists), 5))
    sums[..., 1] = np.square(genetic).sum()
    sums[..., 4] = (fold.genetic.mean(axis=1) - nearest).sum()
    for power, penalty in np.ndindex(predicted.shape[:2]):
        for place, n_axes in enumerate(axes):
            at_unit = to_unit_size(predicted[power, penalty, :, :n_axes], known)
            ours, theirs = at_unit[held_out], at_unit[known]
            squares = (np.square(ours).sum(axis=1), np.square(theirs).sum(axis=1))
            products = ours @ theirs.T
            for share, residual in enumerate(residuals):
                visual = predicted_distances(
                    products, squares, look, (own[held_out], own[known]), residual
                )
                xy, yy = _centred_sums(genetic, visual)
                found = fold.genetic[np.arange(len(visual)), visual.argmin(axis=1)]
                sums[power, place, penalty, share, [0, 2, 3]] = xy, yy, (found - nearest).sum()
    return sums


def _centred_sums(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return Σ xy and Σ y² with the rows and columns of y centred; those of x are."""
    n, m = y.shape
    # Products with ones are several times as quick as means.
    rows, columns = y @ np.ones(m), np.ones(n) @ y
    flat = y.ravel()
    squares = flat @ flat
    total = rows.sum()
    yy = squares - rows @ rows / m - columns @ columns / n + total**2 / (n * m)
    return (x.ravel() @ flat, yy) if yy > _NOISE * squares else (0.0, 0.0)
