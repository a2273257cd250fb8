"""What every test of distance matrices expects of them."""

import numpy as np
import pandas as pd

from visgen.scikit_bio import DistanceMatrix

METHODS = ("pearson", "spearman")
MIN_TAXA = 5
#: Statistics closer than this are equal: rounding must not break ties.
NOISE = 1e-12
_ORDINALS = ("first", "second", "third")


def prepare_matrices(
    *matrices: DistanceMatrix, method: str = "pearson", permutations: int
) -> list[DistanceMatrix]:
    """Check the input of a test and return its matrices in one order, sorted by name.

    Parameters
    ----------
    *matrices : skbio.stats.distance.DistanceMatrix
        Two or three, (n_taxa, n_taxa), the same taxa in any order.
    method, permutations
        As in `visgen.distances.permutation_tests.mantel.mantel`.

    Returns
    -------
    list of skbio.stats.distance.DistanceMatrix

    Raises
    ------
    ValueError
        As `visgen.distances.permutation_tests.mantel.mantel`.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    if permutations < 1:
        raise ValueError(f"permutations is {permutations}, expected at least 1")
    taxa = set(matrices[0].ids)
    for name, matrix in zip(_ORDINALS[1:], matrices[1:], strict=False):
        if taxa != set(matrix.ids):
            raise ValueError(
                f"the matrices hold different taxa; only in the first: "
                f"{sorted(taxa - set(matrix.ids))[:5]}, only in the {name}: "
                f"{sorted(set(matrix.ids) - taxa)[:5]}"
            )
    if len(taxa) < MIN_TAXA:
        raise ValueError(f"{len(taxa)} taxa, expected at least {MIN_TAXA} for a permutation test")
    for name, matrix in zip(_ORDINALS, matrices, strict=False):
        pairs = matrix.condensed_form()
        if np.ptp(pairs) <= NOISE * np.abs(pairs).max():
            raise ValueError(
                f"every pair in the {name} matrix has the same distance {pairs[0]:g} "
                "(a star tree?): no correlation is defined"
            )
    return [matrix.filter(sorted(taxa)) for matrix in matrices]


def group_codes(groups: pd.Series, taxa: tuple[str, ...]) -> np.ndarray:
    """Return the number of the group of each taxon.

    Parameters
    ----------
    groups : Series
        The group of each taxon, taxon names as index; other taxa in it are ignored.
    taxa : tuple of str
        (n_taxa,)

    Returns
    -------
    ndarray, (n_taxa,)
        Numbers from 0, groups in the order of their names.

    Raises
    ------
    ValueError
        If a taxon has no group or occurs twice in `groups`.
    """
    if not groups.index.is_unique:
        raise ValueError(f"groups: {groups.index[groups.index.duplicated()][0]!r} occurs twice")
    found = groups.reindex(list(taxa))
    if found.isna().any():
        raise ValueError(f"groups: no group for {sorted(found.index[found.isna()])[:5]}")
    return pd.factorize(found, sort=True)[0]
