"""Spaces that anchors are given in: as they are, centred, whitened; with fewer components."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from sklearn.covariance import LedoitWolf

from visgen.genetics.anchors.options import SPACES

_ZERO = 1e-12  # of the longest vector


def to_space(
    anchors: pd.DataFrame,
    centre: pd.Series,
    sequences: np.ndarray,
    space: str,
    size: int | None,
) -> pd.DataFrame:
    """Bring averages of sequences into a space.

    ``raw`` is as they are, ``centred`` less the centre, ``whitened`` centred and then times the
    inverse square root of the shrunk covariance of the sequences (Ledoit & Wolf 2004). Not that of
    the anchors: n whitened anchors in n - 1 or more dimensions are a regular simplex, whatever
    their sequences. With a size, the main components of the sequences replace the features, before
    whitening: those of the second moments for ``raw``, so that cosines survive, else those of the
    covariance. A part of a median can lie outside all of them and is lost.

    Parameters
    ----------
    anchors : DataFrame, (n_taxa, n_features)
        Averages, taxon names as index.
    centre : Series, (n_features,)
        What is subtracted: the mean anchor of the taxa with sequences.
    sequences : ndarray, (n_sequences, n_features)
        The vectors of their sequences.
    space : {"raw", "centred", "whitened"}
        The space.
    size : int or None
        Number of components; None, or the number of features, keeps the features.

    Returns
    -------
    DataFrame, (n_taxa, size or n_features)
        Columns are numbered.

    Raises
    ------
    ValueError
        If the space is unknown, the data have fewer components than the size, an anchor is zero in
        the space, or there are too few sequences to whiten.
    """
    _check_space(space, SPACES)
    values = anchors.to_numpy()
    if space != "raw":
        values = values - centre.to_numpy()
        sequences = sequences - sequences.mean(axis=0)
    n_features = sequences.shape[1]
    if size is not None and size != n_features:
        components = _main_components(sequences, size, space)  # (n_features, size)
        values, sequences = values @ components, sequences @ components
    _refuse_zero(values, anchors, space)
    if space == "whitened":
        values = values @ _whitening(sequences)
    return pd.DataFrame(values, anchors.index)


def centre_control(anchors: pd.DataFrame, centre: pd.Series, space: str) -> pd.DataFrame:
    """Bring a control set into a space; it has no sequences to whiten by.

    Parameters
    ----------
    anchors : DataFrame, (n_taxa, size)
        The control's vectors, taxon names as index.
    centre : Series, (size,)
        What is subtracted: the mean vector of the taxa with sequences.
    space : {"raw", "centred"}
        The space.

    Returns
    -------
    DataFrame, (n_taxa, size)
        Columns are numbered.

    Raises
    ------
    ValueError
        If the space is another one or an anchor is zero in it.
    """
    _check_space(space, [one for one in SPACES if one != "whitened"])
    values = anchors.to_numpy()
    if space == "centred":
        values = values - centre.to_numpy()
    _refuse_zero(values, anchors, space)
    return pd.DataFrame(values, anchors.index)


def fix_signs(columns: np.ndarray) -> np.ndarray:
    """Turn each column so that its largest value by size is positive: eigenvectors have no sign."""
    largest = columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])]
    return columns * np.where(largest < 0, -1.0, 1.0)


def _check_space(space: str, expected: Collection[str]) -> None:
    if space not in expected:
        raise ValueError(
            f"space is {space!r}, expected one of {', '.join(expected)}"
            + (" (only sequences can be whitened)" if space in SPACES else "")
        )


def _refuse_zero(values: np.ndarray, anchors: pd.DataFrame, space: str) -> None:
    scale = np.linalg.norm(anchors.to_numpy(), axis=1).max()
    zero = np.linalg.norm(values, axis=1) <= _ZERO * scale
    if zero.any():
        raise ValueError(
            f"the anchor of {anchors.index[zero][0]!r} is zero in the space {space!r}: it has no "
            "direction. It equals the mean anchor, as it does where all anchors are the same or "
            "a fallback rank has one taxon only"
        )


def _main_components(sequences: np.ndarray, size: int, space: str) -> np.ndarray:
    """Return the directions of largest second moment, (n_features, size)."""
    moments = sequences.T @ sequences
    values, vectors = np.linalg.eigh(moments)  # ascending
    possible = int((values > values[-1] * len(values) * np.finfo(float).eps).sum())
    if not 1 <= size <= possible:
        raise ValueError(
            f"size is {size}, expected 1 to {possible}: {len(sequences)} sequences of "
            f"{len(values)} values have no more components in the space {space!r}"
        )
    return fix_signs(vectors[:, ::-1][:, :size])


def _whitening(sequences: np.ndarray) -> np.ndarray:
    """Return the inverse square root of the shrunk covariance, (n_features, n_features)."""
    covariance = LedoitWolf(store_precision=False).fit(sequences).covariance_
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= values[-1] * len(values) * np.finfo(float).eps:
        raise ValueError(
            f"{len(sequences)} sequences are too few to whiten by: their shrunk covariance has no "
            "inverse; take the space raw or centred"
        )
    return (vectors / np.sqrt(values)) @ vectors.T
