"""Control sets: vectors that stand where genetic anchors stand, without their sequences.

Any fixed target a taxon can help an embedding; only what real anchors do beyond these is genetic.
"""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.genetics.anchors.spaces import fix_signs
from visgen.scikit_bio import DistanceMatrix

log = logging.getLogger(__name__)


def random_anchors(taxa: Sequence[str], size: int, seed: int) -> pd.DataFrame:
    """Give taxa random vectors at right angles: the same target for every pair of taxa.

    Parameters
    ----------
    taxa : sequence of str
        The taxa, sorted.
    size : int
        Values of a vector.
    seed : int
        Seed of the draw.

    Returns
    -------
    DataFrame, (n_taxa, size)
        Orthonormal rows, uniform over all such sets (Stewart 1980).

    Raises
    ------
    ValueError
        If there are more taxa than values.

    Examples
    --------
    >>> anchors = random_anchors(["Arca noae", "Pinna nobilis"], size=8, seed=1)
    >>> anchors.shape
    (2, 8)
    >>> (anchors @ anchors.T).round(9).abs().to_numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if len(taxa) > size:
        raise ValueError(
            f"size is {size}, expected at least {len(taxa)}: only as many taxa as values can "
            "have vectors at right angles"
        )
    drawn = np.random.default_rng(seed).standard_normal((size, len(taxa)))
    columns, upper = np.linalg.qr(drawn)
    rows = (columns * np.sign(np.diag(upper))).T  # (n_taxa, size); the signs make it uniform
    return pd.DataFrame(rows, pd.Index(taxa, name="taxon"))


def taxonomy_anchors(above: pd.DataFrame, size: int) -> pd.DataFrame:
    """Give taxa vectors whose inner product is the share of ranks that two taxa have in common.

    Parameters
    ----------
    above : DataFrame, (n_taxa, n_ranks_above)
        The taxonomy, as `visgen.specimens.taxonomy.lineage` returns it. The taxa's own rank
        counts too; a gap is shared with none.
    size : int
        Values of a vector; zeros fill up, or the smaller components are cut.

    Returns
    -------
    DataFrame, (n_taxa, size)
        Unit vectors where nothing was cut. The share that is kept is logged.

    Raises
    ------
    ValueError
        If no rank lies above the taxa.
    """
    if above.columns.empty:
        raise ValueError(
            f"source taxonomy needs ranks above {above.index.name!r}, which is the coarsest"
        )
    shared = np.eye(len(above))  # the taxa's own rank
    for rank in above:
        groups = above[rank].to_numpy(dtype=object)
        same = (groups[:, None] == groups) & above[rank].notna().to_numpy()
        shared += same | np.eye(len(above), dtype=bool)
    gram = shared / (above.shape[1] + 1)
    return pd.DataFrame(_coordinates(gram, size), above.index.rename("taxon"))


def tree_anchors(patristic: DistanceMatrix, size: int) -> pd.DataFrame:
    """Give taxa vectors whose squared Euclidean distance is the path length between them.

    Classical scaling (Gower 1966) of the square roots of patristic distances, which are Euclidean
    (de Vienne, Aguileta & Ollier 2011); the path lengths themselves are not.

    Parameters
    ----------
    patristic : DistanceMatrix, (n_taxa, n_taxa)
        Path lengths.
    size : int
        Values of a vector; zeros fill up, or the smaller components are cut.

    Returns
    -------
    DataFrame, (n_taxa, size)
        With a mean of zero. The share that is kept is logged.
    """
    off = patristic.data - patristic.data.mean(axis=0)
    gram = -0.5 * (off - off.mean(axis=1, keepdims=True))
    return pd.DataFrame(_coordinates(gram, size), pd.Index(patristic.ids, name="taxon"))


def _coordinates(gram: np.ndarray, size: int) -> np.ndarray:
    """Return the vectors of a matrix of inner products, (n_taxa, size), by its main components."""
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    values, vectors = values[::-1], fix_signs(vectors[:, ::-1])
    noise = len(gram) * np.finfo(float).eps * np.abs(values).max()
    kept = np.where(values[:size] > noise, values[:size], 0.0)
    # Distances that fit no tree have negative components, which no vector can show.
    log.info(
        "%d taxa in %d values keep %.6f of the variance",
        *(len(gram), size, kept.sum() / np.abs(values).sum()),
    )
    coordinates = np.zeros((len(gram), size))
    coordinates[:, : len(kept)] = vectors[:, : len(kept)] * np.sqrt(kept)
    return coordinates
