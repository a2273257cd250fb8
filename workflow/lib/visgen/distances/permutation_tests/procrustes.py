"""Whether the maps of two distance matrices can be laid over each other."""

from typing import NamedTuple

import numpy as np

from visgen.distances.permutation_tests.association import (
    association_of,
    chunks,
    taxon_orders,
    unit,
)
from visgen.distances.permutation_tests.matrices import prepare_matrices
from visgen.scikit_bio import DistanceMatrix, pcoa

INERTIA = 0.8  # share of the positive eigenvalues that the axes of a map are to explain
TAXA_PER_AXIS = 3  # at least
_TIED = 1e-9  # eigenvalues closer than this, as a share of the largest, are equal


class ProcrustesResult(NamedTuple):
    """As an `Association` of `visgen.distances.permutation_tests.association`, with axes."""

    value: float
    p: float
    null_mean: float
    n_taxa: int
    n_axes: tuple[int, int]


def procrustes(
    x: DistanceMatrix,
    y: DistanceMatrix,
    permutations: int = 9999,
    *,
    seed: int,
    n_axes: int | None = None,
) -> ProcrustesResult:
    """Test whether the maps of two matrices can be laid over each other (PROTEST, Jackson 1995).

    A map is the leading principal coordinates, centred, of unit sum of squares. The value is the
    symmetric Procrustes correlation t = √(1 − m²), the sum of the singular values of X'Y
    (Peres-Neto & Jackson 2001). t is positive for any two maps and rises with their axes (for
    random ones of 74 taxa: .13 with two, .37 with 24): read it only beside null_mean.

    Notes
    -----
    Only axes of positive eigenvalues are kept, since the rest have no place in a real space
    (square roots of cosine or patristic distances have none of these). Of them as many as
    explain 80 % of their inertia, but at most a third of the taxa: two axes, as often drawn,
    may hold 5 % of cosine distances, and with as many axes as taxa a rotation finds much
    agreement in noise. The number comes from each matrix alone, before any comparison. Axes of
    equal eigenvalues can be turned at will, so they stay or go together; the first always stay.

    Parameters
    ----------
    x, y : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa in any order.
    permutations, seed
        As in `visgen.distances.permutation_tests.partial_mantel.partial_mantel`.
    n_axes : int, optional
        At most so many axes of each matrix, in place of the above.

    Returns
    -------
    ProcrustesResult
        value is t, 0 to 1.

    Raises
    ------
    ValueError
        As `visgen.distances.permutation_tests.mantel.mantel`; also if n_axes is below 1.
    """
    x, y = prepare_matrices(x, y, permutations=permutations)
    if n_axes is not None and n_axes < 1:
        raise ValueError(f"n_axes is {n_axes}, expected at least 1")
    of_x, of_y = (unit(_map(matrix, n_axes)) for matrix in (x, y))  # (n_taxa, n_axes of each)
    orders = taxon_orders(len(x.ids), permutations, seed)
    t = np.concatenate(
        [
            np.linalg.svd(of_x[some].swapaxes(1, 2) @ of_y, compute_uv=False).sum(axis=1)
            for some in chunks(orders, max(of_x.size, of_y.size))
        ]
    )
    return ProcrustesResult(*association_of(t, len(x.ids)), (of_x.shape[1], of_y.shape[1]))


def _map(matrix: DistanceMatrix, n_axes: int | None) -> np.ndarray:
    """Return (n_taxa, n_axes) leading principal coordinates."""
    n_taxa = len(matrix.ids)
    # scikit-bio takes eigenvalues below 1e-8 for zero, whatever the unit of the distances.
    scaled = DistanceMatrix(matrix.data / matrix.data.max(), matrix.ids)
    result = pcoa(scaled, dimensions=n_taxa, warn_neg_eigval=False)
    eigenvalues = result.eigvals.to_numpy()
    eigenvalues = eigenvalues[eigenvalues > 0]
    explained = np.cumsum(eigenvalues) / eigenvalues.sum()
    if n_axes is None:
        enough = int(np.searchsorted(explained, INERTIA)) + 1
        n_axes = min(enough, n_taxa // TAXA_PER_AXIS)
    drops = -np.diff(eigenvalues, append=0) > _TIED * eigenvalues[0]
    cuts = np.flatnonzero(drops) + 1  # numbers of axes that part no equal eigenvalues
    kept = cuts[max(0, np.searchsorted(cuts, n_axes, side="right") - 1)]
    return result.samples.to_numpy()[:, :kept]
