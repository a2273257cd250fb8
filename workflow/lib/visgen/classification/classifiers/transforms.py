"""What happens to features before anything is learned of them; fitted on the training part only."""

from collections.abc import Sequence

import numpy as np
from sklearn.preprocessing import StandardScaler, normalize

from visgen.classification.classifiers.kept.steps import signed_sqrt
from visgen.features.whitening import Whitening

_BLOCK = 1024


class Transform:
    """Steps on features, one after the other.

    Arrays are overwritten, so that no step but whitening makes another, of fewer columns.

    Parameters
    ----------
    steps
        In their order: ``signed_sqrt`` (sign(x)·√|x|, Valan et al. 2019), ``centre`` (the mean of
        the training part is subtracted), ``standardise`` (also divided by its standard
        deviation), ``whiten`` (components that vary alike within taxa:
        `visgen.features.whitening`), ``l2`` (every vector gets unit length).
    """

    def __init__(self, steps: Sequence[str]):
        self.steps = list(steps)
        self._scalers: dict[int, StandardScaler] = {}
        self._whitenings: dict[int, Whitening] = {}

    def fit(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Fit to the training part and return it transformed.

        Parameters
        ----------
        x
            (n, n_features) float32, overwritten.
        y
            (n,) taxa.

        Raises
        ------
        NoSpreadError
            If ``whiten`` is asked for, and no two rows of a taxon differ.
        """
        for i, step in enumerate(self.steps):
            if step == "whiten":
                self._whitenings[i] = Whitening()
                x = self._whitenings[i].fit(x, y)
                continue
            if step in ("centre", "standardise"):
                self._scalers[i] = fit_scaler(x, with_std=step == "standardise")
            x = self._step(i, x)
        return x

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return other vectors transformed; (n, n_features) float32, overwritten."""
        for i in range(len(self.steps)):
            x = self._step(i, x)
        return x

    def as_arrays(self) -> list[tuple[str, dict[str, np.ndarray]]]:
        """Return each step with the arrays that `kept.steps` applies it from, in their order."""
        made: list[tuple[str, dict[str, np.ndarray]]] = []
        for i, step in enumerate(self.steps):
            arrays = self._whitenings[i].as_arrays() if step == "whiten" else {}
            if step in ("centre", "standardise"):
                arrays["mean"] = self._scalers[i].mean_.astype(np.float32)
            if step == "standardise":
                arrays["scale"] = self._scalers[i].scale_.astype(np.float32)
            made.append((step, arrays))
        return made

    def _step(self, i: int, x: np.ndarray) -> np.ndarray:
        match self.steps[i]:
            case "signed_sqrt":
                for start in range(0, len(x), _BLOCK):
                    signed_sqrt(x[start : start + _BLOCK])
                return x
            case "l2":
                return normalize(x, copy=False)
            case "centre" | "standardise":
                return self._scalers[i].transform(x)
            case "whiten":
                return self._whitenings[i].apply(x)
        raise ValueError(f"transform {self.steps[i]!r} is unknown")


def fit_scaler(x: np.ndarray, *, with_std: bool) -> StandardScaler:
    """Return means and deviations of (n, n_features); fit() on the whole makes a second matrix."""
    scaler = StandardScaler(copy=False, with_std=with_std)
    for start in range(0, len(x), _BLOCK):
        scaler.partial_fit(x[start : start + _BLOCK])
    return scaler
