"""Phylogenetic distances predicted from look, with intervals that held-out taxa vouch for.

Held-out taxa, of which the truth is known, say what a look is worth: a map that never falls turns
the look of a relative into a distance, and the errors it makes for taxa of other folds give the
interval (cross-conformal prediction, Vovk 2015). Where whole groups are held out, all taxa of a
group miss together, so a group counts once, however large it is (Lee, Barber & Willett 2023,
"Distribution-free inference with hierarchical data").
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from visgen.embedding.placement.relatives import NEAREST

_ROUNDING = 1e-9  # more than sums of weights are off, less than the weight of any taxon


class LookMap(NamedTuple):
    """A map from look to distance that never falls; straight between its points, level beyond.

    Attributes
    ----------
    looks, distances
        (n_points,), both rising.
    """

    looks: np.ndarray
    distances: np.ndarray

    def predict(self, looks: np.ndarray) -> np.ndarray:
        """Return distances, of the shape of `looks`."""
        return np.interp(looks, self.looks, self.distances)


class Calibration(NamedTuple):
    """What held-out taxa of one kind say.

    Attributes
    ----------
    look_map
        Fitted to all of them.
    half_widths
        (`NEAREST`,): by place, how far from the prediction the interval ends; infinite where the
        taxa are too few for the confidence.
    errors
        One row a held-out taxon and place: taxon, unit, fold, place, distance, predicted (by the
        other folds), covered (by the interval that the other folds give; null where it is open).
    """

    look_map: LookMap
    half_widths: np.ndarray
    errors: pd.DataFrame


def calibrate(relatives: pd.DataFrame, confidence: float) -> Calibration:
    """Fit the map and measure its errors.

    The map is of relatives at the first `NEAREST` places alone: what is picked because it looks
    near is farther than its look says, and other pairs would not tell.

    Parameters
    ----------
    relatives
        Of held-out taxa of one kind, as
        `visgen.embedding.placement.relatives.held_out_relatives` returns them; of two folds at
        least.
    confidence
        Share of taxa whose distance the interval should hold.

    Raises
    ------
    ValueError
        If all held-out taxa are of one fold.
    """
    folds = relatives["fold"].unique()
    if len(folds) < 2:
        raise ValueError("held-out taxa of one fold cannot be predicted by other folds")
    near = relatives[relatives["place"] <= NEAREST]
    errors = near[["taxon", "unit", "fold", "place", "distance"]].copy()
    errors["predicted"] = 0.0
    for fold in folds:
        here = near["fold"] == fold
        look_map = fit_look_map(near[~here])
        errors.loc[here, "predicted"] = look_map.predict(near.loc[here, "look"].to_numpy())
    errors["covered"] = np.nan
    missed = (errors["distance"] - errors["predicted"]).abs()
    half_widths = np.full(NEAREST, np.inf)
    for place, rows in errors.groupby("place"):
        units, of_rows = rows["unit"], missed[rows.index]
        half_widths[place - 1] = grouped_quantile(of_rows, units, confidence)
        for fold in folds:
            here = rows["fold"] == fold
            width = grouped_quantile(of_rows[~here], units[~here], confidence)
            if np.isfinite(width):
                covered = of_rows[here] <= width * (1 + _ROUNDING)
                errors.loc[covered.index, "covered"] = covered.astype(float)
    return Calibration(fit_look_map(near), half_widths, errors.reset_index(drop=True))


def fit_look_map(relatives: pd.DataFrame) -> LookMap:
    """Fit the map, every unit counting the same.

    Parameters
    ----------
    relatives
        unit, look, distance.
    """
    weights = 1 / relatives.groupby("unit")["look"].transform("size")
    sums = pd.DataFrame({"weight": weights, "product": weights * relatives["distance"]})
    sums = sums.groupby(relatives["look"]).sum()  # sorted; equal looks have one distance
    means = (sums["product"] / sums["weight"]).to_numpy()
    fitted = isotonic_regression(means, weights=sums["weight"].to_numpy())
    return LookMap(sums.index.to_numpy(), fitted.x)


def grouped_quantile(scores: pd.Series, units: pd.Series, confidence: float) -> float:
    """Return what the score of a taxon of a new unit stays under with the confidence.

    Of n units each counts 1 / (n + 1), shared alike by its taxa; the rest is the new one's, and
    lies at infinity. With a taxon a unit it is the quantile of split-conformal prediction.

    >>> nine = pd.Series(range(9))
    >>> grouped_quantile(nine, nine, 0.9), grouped_quantile(nine[:8], nine[:8], 0.9)
    (8.0, inf)

    Parameters
    ----------
    scores, units
        Of each taxon; a large score is strange.
    confidence
        Between 0 and 1.
    """
    weights = 1 / units.map(units.value_counts()).to_numpy(dtype=float)
    order = np.argsort(scores.to_numpy(), kind="stable")
    reached = np.cumsum(weights[order]) / (units.nunique() + 1)
    place = np.searchsorted(reached, confidence - _ROUNDING)
    return float(scores.to_numpy()[order][place]) if place < len(scores) else np.inf


def least_units(confidence: float) -> int:
    """Return the smallest number of units that leaves an interval with ends.

    >>> least_units(0.9), least_units(0.95)
    (9, 19)
    """
    return int(np.ceil(1 / (1 - confidence) - _ROUNDING)) - 1
