"""Sequence graph transform (Ranjan, Ebrahimi & Paynabar 2022) of one sequence of symbols.

For each ordered pair of symbols (u, v), psi(u, v) = (W_k / W_0)^(1/kappa): W_k is the sum of
exp(-kappa (m - l)) over all places l < m with u at l and v at m, and W_0 the number of these
pairs of places, divided by the length of the sequence when length-sensitive. A pair of symbols
that never occurs in this order gives 0.

Symbols are codes 0, 1, ...; a negative code is a missing symbol. It pairs with nothing, but keeps
its place: lags run across it and the length counts it.
"""

import numpy as np
from scipy.signal import lfilter
from sgt import SGT


def transform_fast(
    codes: np.ndarray, n_symbols: int, *, kappa: float, length_sensitive: bool
) -> np.ndarray:
    """Transform in time proportional to length times number of symbols.

    What decays by exp(-kappa) from place to place is a first-order recursive filter, so the sum
    over all earlier places of a symbol is carried along. No lag is cut off: the root 1/kappa would
    magnify what is lost.

    Parameters
    ----------
    codes : ndarray of int, (n_places,)
        The symbol at each place; negative where missing.
    n_symbols : int
        Size of the alphabet.
    kappa : float
        How fast far pairs lose weight, positive, per place.
    length_sensitive : bool
        Whether the number of pairs is divided by the length of the sequence.

    Returns
    -------
    ndarray, (n_symbols, n_symbols)
        psi(u, v): rows are the earlier symbol u, columns the later symbol v.
    """
    if not len(codes):
        return np.zeros((n_symbols, n_symbols))
    is_symbol = np.zeros((len(codes), n_symbols))
    places = np.flatnonzero(codes >= 0)
    is_symbol[places, codes[places]] = 1.0
    decay = np.exp(-kappa)
    weight_before = lfilter([0.0, decay], [1.0, -decay], is_symbol, axis=0)
    number_before = np.cumsum(is_symbol, axis=0) - is_symbol  # (n_places, n_symbols)
    summed = weight_before.T @ is_symbol  # (n_symbols, n_symbols)
    pairs = number_before.T @ is_symbol
    if length_sensitive:
        pairs /= len(codes)
    shares = np.divide(summed, pairs, out=np.zeros_like(summed), where=pairs > 0)
    return shares ** (1 / kappa)


def transform_with_package(
    codes: np.ndarray, n_symbols: int, *, kappa: float, length_sensitive: bool
) -> np.ndarray:
    """Transform with the authors' package `sgt`, in time proportional to the length squared.

    The package knows no missing symbols: they are given to it as one symbol more, which is
    dropped afterwards. Parameters and result as in `transform_fast`.
    """
    if not len(codes):  # the package divides 0 by 0
        return np.zeros((n_symbols, n_symbols))
    alphabet = list(range(n_symbols + 1))
    package = SGT(alphabet, kappa=kappa, lengthsensitive=length_sensitive, flatten=False)
    matrix = package.fit(np.where(codes < 0, n_symbols, codes))
    return matrix.to_numpy()[:n_symbols, :n_symbols]
