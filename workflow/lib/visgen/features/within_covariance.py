"""How images of one taxon differ: a covariance pooled over taxa, shrunk."""

import numpy as np

_BLOCK = 1024
_ROUNDED = 8 * np.finfo(np.float32).eps
_LEAST = 1e-6  # share that is shrunk at least, so that every direction has a spread


class NoSpreadError(ValueError):
    """No two training rows of any taxon differ."""


def within_covariance(x: np.ndarray, code: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return the covariance of residuals from taxon means, shrunk by Ledoit & Wolf (2004).

    Parameters
    ----------
    x
        (n, n_features) float32.
    code
        (n,) rows of `means` that are the taxa of `x`.
    means
        (n_taxa, n_features).

    Returns
    -------
    array
        (n_features, n_features) float64, positive definite; divided by n - n_taxa, as the means
        were taken from the same rows.

    Raises
    ------
    NoSpreadError
        If all residuals are zero: every taxon has one image, or copies of one.

    Notes
    -----
    The share that is shrunk is that of scikit-learn's ``ledoit_wolf`` on the residuals, which
    makes a second matrix of squares; here the fourth moments are summed row by row. Residuals of
    all taxa give one share. scikit-learn's discriminant analysis shrinks the covariance of each
    taxon by itself, which with one or two images a taxon leaves nothing of it.
    """
    n, n_features = x.shape
    found = np.zeros((n_features, n_features))
    fourth = 0.0
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        residuals = x[rows] - means[code[rows]]
        found += residuals.T @ residuals
        lengths = np.einsum("ij,ij->i", residuals, residuals, dtype=np.float64)
        fourth += float(lengths @ lengths)
    found /= n
    mean = np.trace(found) / n_features
    # Copies of one image lie off their mean by what float32 rounds.
    if mean <= _ROUNDED**2 * np.mean(means.astype(np.float64) ** 2):
        raise NoSpreadError(
            "no two training rows of a taxon differ, so the spread within taxa is unknown"
        )
    squares = float(np.einsum("ij,ij->", found, found))
    noise = (fourth / n - squares) / (n_features * n)
    apart = squares / n_features - mean**2
    shrunk = max(min(noise, apart) / apart, _LEAST) if apart > 0 else 0.0
    found *= 1 - shrunk
    found[np.diag_indices(n_features)] += shrunk * mean
    found *= n / (n - len(means))
    return found
