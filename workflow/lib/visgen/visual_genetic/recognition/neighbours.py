"""Nearest neighbours by cosine, and what they vote for."""

from collections.abc import Iterator

import numpy as np

#: Of the weights of votes (Wu et al. 2018).
TEMPERATURE = 0.07

#: Queries at a time: with a gallery of 30,000 the cosines of a chunk take 120 MB.
CHUNK = 1000

_TIE = 1e-9  # values whose difference is a smaller share than this are equal


def find_neighbours(
    queries: np.ndarray, gallery: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the images of a gallery that are nearest to each query.

    Parameters
    ----------
    queries : ndarray, (n, size)
        Any length but finite; only direction counts.
    gallery : ndarray, (n_gallery, size)
        In the order in which equals are taken.
    k : int
        Neighbours of each; all of the gallery where it has fewer.

    Returns
    -------
    cosines : ndarray of float32, (n, k)
        Falling.
    rows : ndarray of int, (n, k)
        Rows of the gallery.

    Raises
    ------
    ValueError
        If the gallery is empty.
    """
    if not len(gallery):
        raise ValueError("a gallery of 0 images has no neighbours, expected 1 image or more")
    k = min(k, len(gallery))
    found = [_nearest(cosines, k) for cosines in _cosines(queries, gallery, np.float32)]
    cosines, rows = zip(*found, strict=True) if found else ([np.empty((0, k))],) * 2
    return np.concatenate(cosines).astype(np.float32), np.concatenate(rows).astype(int)


def vote(cosines: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let neighbours vote, each with the weight exp(cosine / 0.07) (Wu et al. 2018).

    Parameters
    ----------
    cosines : ndarray, (n, k)
        Of the neighbours.
    labels : ndarray of int, (n, k)
        Their taxa, numbered in the order in which equals are taken.

    Returns
    -------
    winners : ndarray of int, (n,)
        The label with most weight.
    shares : ndarray, (n,)
        Its share of all weight, above 0 and at most 1.

    Examples
    --------
    Two neighbours of taxon 1 outvote an equally near one of taxon 0, but not a much nearer one:

    >>> cosines = np.array([[0.9, 0.9, 0.9], [0.9, 0.7, 0.7]])
    >>> winners, shares = vote(cosines, np.array([[0, 1, 1], [0, 1, 1]]))
    >>> winners.tolist(), shares.round(2).tolist()
    ([1, 0], [0.67, 0.9])
    """
    weights = np.exp(cosines.astype(float) / TEMPERATURE)  # (n, k)
    same = labels[:, :, None] == labels[:, None, :]
    votes = (same * weights[:, None, :]).sum(2)  # (n, k): of each neighbour's label
    most = votes.max(1)
    winning = votes >= most[:, None] * (1 - _TIE)
    winners = np.where(winning, labels, np.iinfo(labels.dtype).max).min(1)
    return winners, most / weights.sum(1)


def nearest_anchor(embeddings: np.ndarray, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the anchor nearest to each image by cosine; the first of equals.

    Parameters
    ----------
    embeddings : ndarray, (n, size)
        Of images.
    anchors : ndarray, (n_taxa, size)
        In the order in which equals are taken: taxa that were lent one anchor share it.

    Returns
    -------
    rows : ndarray of int, (n,)
        Rows of the anchors.
    cosines : ndarray, (n,)
        -1 to 1.

    Examples
    --------
    >>> anchors = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> rows, cosines = nearest_anchor(np.array([[2.0, 0.0], [3.0, 4.0]]), anchors)
    >>> rows.tolist(), cosines.round(2).tolist()
    ([0, 1], [1.0, 0.8])
    """
    rows, values = [], []
    for cosines in _cosines(embeddings, anchors, np.float64):
        best = cosines.max(1)
        rows.append((cosines >= best[:, None] - _TIE).argmax(1))
        values.append(best)
    return np.concatenate([*rows, np.empty(0, int)]), np.concatenate([*values, np.empty(0)])


def _cosines(queries: np.ndarray, others: np.ndarray, dtype: type) -> Iterator[np.ndarray]:
    """Yield the cosines of chunks of the queries to all others, (chunk, n_others)."""
    queries, others = (_unit(vectors.astype(dtype)) for vectors in (queries, others))
    for start in range(0, len(queries), CHUNK):
        yield queries[start : start + CHUNK] @ others.T


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(vectors.dtype).tiny)


def _nearest(cosines: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k largest values of each row and their columns; the first columns of equals."""
    n_others = cosines.shape[1]
    least = np.partition(cosines, n_others - k, axis=1)[:, n_others - k, None]  # (n, 1)
    kept = cosines >= least
    for row in np.flatnonzero(kept.sum(1) > k):  # more that equal the last one than have place
        above = cosines[row] > least[row]
        equal = np.flatnonzero(cosines[row] == least[row])
        kept[row] = above
        kept[row, equal[: k - above.sum()]] = True
    columns = np.nonzero(kept)[1].reshape(len(cosines), k)
    values = np.take_along_axis(cosines, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(columns, order, axis=1)
