"""The partial Mantel test, given a third matrix such as that of the rank above."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from visgen.distances.permutation_tests.association import (
    Association,
    association_of,
    products,
    taxon_orders,
    unit,
)
from visgen.distances.permutation_tests.matrices import NOISE, group_codes, prepare_matrices
from visgen.scikit_bio import DistanceMatrix


def other_group(groups: pd.Series, ids: tuple[str, ...]) -> DistanceMatrix:
    """Return 0 for two taxa of one group and 1 for taxa of different groups.

    Parameters
    ----------
    groups : Series
        The group of each taxon (the rank above), taxon names as index; others are ignored.
    ids : sequence of str
        (n_taxa,), the order of the result.

    Returns
    -------
    skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa)

    Raises
    ------
    ValueError
        If a taxon has no group or occurs twice in `groups`.
    """
    codes = group_codes(groups, tuple(ids))
    return DistanceMatrix((codes[:, None] != codes).astype(float), ids)


def partial_mantel(
    x: DistanceMatrix,
    y: DistanceMatrix,
    z: DistanceMatrix,
    method: str = "pearson",
    permutations: int = 9999,
    *,
    seed: int,
) -> Association:
    """Test whether x and y are positively correlated, given z (Smouse, Long & Sokal 1986).

    The partial correlation of the pairs; the taxa of x are permuted, y and z stay, as in
    ``mantel.partial`` of R's vegan.

    .. warning::
        Its type I error is known to be inflated where distances are autocorrelated, as those of
        related taxa are (Harmon & Glor 2010; Guillot & Rousset 2013): permuting x breaks up a
        structure that the data keep. With z of groups it may reject in 25 to 30 % instead of 5.
        Show it beside `visgen.distances.permutation_tests.mantel_within.mantel_within`; it is never
        the verdict.

    Parameters
    ----------
    x, y, z : skbio.stats.distance.DistanceMatrix
        (n_taxa, n_taxa), the same taxa in any order; for z see `other_group`.
    method : {"pearson", "spearman"}
        The correlation; with ``spearman`` the pairs of all three are ranked first.
    permutations : int
        Number of permutations B; p is at least 1 / (B + 1).
    seed : int
        Seed of the permutations.

    Returns
    -------
    Association
        value is the partial r, -1 to 1.

    Raises
    ------
    ValueError
        As `visgen.distances.permutation_tests.mantel.mantel`, of which z too must not be constant
        (it is where all taxa are in one group, or each in its own); also if x or y is z up to
        scale.
    """
    x, y, z = prepare_matrices(x, y, z, method=method, permutations=permutations)
    pairs = [matrix.condensed_form() for matrix in (x, y, z)]
    pairs = [rankdata(column) for column in pairs] if method == "spearman" else pairs
    of_x, of_y, of_z = (unit(column - column.mean()) for column in pairs)
    r_yz = of_y @ of_z
    for name, r in (("first", of_x @ of_z), ("second", r_yz)):
        if 1 - r**2 <= NOISE:
            raise ValueError(f"the {name} matrix is the third up to scale: nothing is left of it")
    orders = taxon_orders(len(x.ids), permutations, seed)
    r_xy, r_xz = products(squareform(of_x), np.column_stack([of_y, of_z]), orders).T
    left_of_x = np.maximum(1 - r_xz**2, 0)
    # A permuted x may equal z, though x does not; nothing is left of it to correlate with y.
    scale = np.sqrt(np.where(left_of_x > NOISE, left_of_x, np.inf) * (1 - r_yz**2))
    return association_of((r_xy - r_xz * r_yz) / scale, len(x.ids))
