"""Fresh looks of the same taxa: traits that evolve anew on the tree, photographed anew.

A taxon's vector is taken for a trait of many axes plus the noise of a mean over its specimens:

    vectors = traits + noise,
    traits ~ N(0, (signal · G + (1 - signal) · T · P) ⊗ trait covariance),
    noise of taxon i ~ N(0, covariance within taxa / number of specimens of i).

G is the covariance of the taxa under Brownian motion, T its height on the tree, and P removes the
mean: Pagel's lambda (Pagel 1999), from distances alone. Distances along a tree d give
G = -P d P / 2 whatever the root (Gower 1966), also where the tree is not ultrametric.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg
from scipy.optimize import brentq

_LEAST = 1e-9  # of the whole variance: what an axis has at least
_STEEPEST = 6.0  # power of eigenvalues: beyond it all variance is on one axis
_ROUNDS = 3


@dataclass(frozen=True)
class FreshTraits:
    """What fresh vectors of the same taxa are drawn from.

    Attributes
    ----------
    distances
        (n_taxa, n_taxa), along the tree, or as a table has them. Where these are no tree's,
        negative eigenvalues of G are taken for 0.
    vectors
        (n_taxa, n_axes) of the study itself.
    noise
        (n_axes, n_axes) covariance within taxa, of one specimen.
    n_specimens
        (n_taxa,).
    """

    distances: np.ndarray
    vectors: np.ndarray
    noise: np.ndarray
    n_specimens: np.ndarray

    @cached_property
    def _contrasts(self) -> tuple[np.ndarray, np.ndarray]:
        """(n_taxa, n_taxa - 1) contrasts between taxa, and what the tree gives to each."""
        helmert = linalg.helmert(len(self.distances))
        values, axes = np.linalg.eigh(-helmert @ self.distances @ helmert.T / 2)
        return helmert.T @ axes, np.clip(values, 0, None)

    @cached_property
    def _noise_root(self) -> np.ndarray:
        values, axes = np.linalg.eigh(self.noise)
        return axes * np.sqrt(np.clip(values, 0, None))

    def _spread(self, signal: float) -> np.ndarray:
        """(n_taxa - 1,) variances of the contrasts of a trait of variance 1."""
        return signal * self._contrasts[1] + (1 - signal) * self.distances.max() / 2

    def trait_root(self, signal: float) -> np.ndarray:
        """Return a root of the trait covariance that goes with a signal.

        The covariance between taxa of what vectors show, less that of noise, unbiased, taxa
        weighted by what the model knows of them. Its eigenvalues would lie too far apart, few
        taxa and many axes given, and so make fresh correlations vary too much: a power of them
        is taken, so that the sum of their squares is unbiased, too.

        Parameters
        ----------
        signal
            0 to 1.

        Returns
        -------
        ndarray
            (n_axes, n_axes) R, R Rᵀ the covariance of one trait's axes.
        """
        contrasts, _ = self._contrasts
        spread, noise = self._spread(signal), self.noise
        shown = contrasts.T @ self.vectors  # (n_taxa - 1, n_axes)
        share = contrasts.T / self.n_specimens @ contrasts
        trace, squares = np.trace(noise), float((noise**2).sum())
        whole = float((shown**2).sum())
        total = max((whole - np.trace(share) * trace) / spread.sum(), _LEAST * whole)
        for _ in range(_ROUNDS):
            shown_by = np.diag(spread) + trace / total * share
            # Tips without distance say nothing of what is inherited where nothing else varies.
            weights = np.linalg.pinv(shown_by, rcond=_LEAST, hermitian=True)
            of_traits, of_noise = weights * spread, weights @ share
            a, b = np.trace(of_traits), np.trace(of_noise)
            found = shown.T @ weights @ shown
            total = max((np.trace(found) - b * trace) / a, _LEAST * np.trace(found) / a)
        covariance = (found - b * noise) / a
        # The expectation of tr(found²) under the model, solved for that of covariance².
        a2, b2 = (float((part * part.T).sum()) for part in (of_traits, of_noise))
        ab = float((of_traits * of_noise.T).sum())
        both = float((covariance * noise).sum())
        known = 2 * a * b * both + b * b * squares + b2 * (squares + trace**2)
        known += 2 * ab * (both + total * trace)
        known += a2 * (total**2 - 2 * (2 * ab * both + b2 * squares) / a**2)
        of_squares = max(a * a + a2 - 2 * a2**2 / a**2, _LEAST)  # 0 of a single contrast
        wanted = (float((found**2).sum()) - known) / of_squares
        values, axes = np.linalg.eigh(covariance)
        values = _with_squares(np.clip(values, _LEAST * total, None), total, wanted)
        return axes * np.sqrt(values)

    def draw(self, signal: float, trait_root: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return fresh vectors of the taxa, (n_taxa, n_axes), around a mean of zero."""
        contrasts, _ = self._contrasts
        n_taxa, n_axes = self.vectors.shape
        traits = rng.standard_normal((n_taxa - 1, n_axes)) @ trait_root.T
        traits = contrasts @ (np.sqrt(self._spread(signal))[:, None] * traits)
        noise = rng.standard_normal((n_taxa, n_axes)) @ self._noise_root.T
        return traits + noise / np.sqrt(self.n_specimens)[:, None]


def _with_squares(values: np.ndarray, total: float, squares: float) -> np.ndarray:
    """Return a power of positive values with the total given, and the sum of squares if it can."""

    def excess(power: float) -> float:
        part = _of_total(values**power, total)
        return float((part**2).sum()) - squares

    if excess(0.0) >= 0:
        return _of_total(np.ones(len(values)), total)
    if excess(_STEEPEST) <= 0:
        return _of_total(values**_STEEPEST, total)
    return _of_total(values ** brentq(excess, 0, _STEEPEST, xtol=1e-3), total)


def _of_total(values: np.ndarray, total: float) -> np.ndarray:
    return values * (total / values.sum())
