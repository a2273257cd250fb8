"""How taxa covary by descent: from a tree, from sequences, or from the taxonomy alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.distances.matrices import tidy
from visgen.scikit_bio import DistanceMatrix
from visgen.signal.covariance import SCALES, phylogenetic_covariance

MIN_KNOWN = 3
_NEGATIVE = -1e-5  # of an eigenvalue: what noise outweighs
_MOST = 1e6

#: Of taxa: position of the one that each is taken for. None leaves all as they are.
Order = np.ndarray | None


class Relatives(NamedTuple):
    """Covariances of taxa by descent at several scales.

    Attributes
    ----------
    name
        What tells who is a near relative of whom: ``tree``, say.
    taxa
        (n_taxa,) names.
    scales
        (n_scales,) of `visgen.signal.covariance.phylogenetic_covariance`, rising.
    covariances
        (n_scales, n_taxa, n_taxa), of which only differences between taxa matter: a constant may
        have been added.
    clipped
        (n_scales,) share of the summed sizes of the eigenvalues that were negative, and are zero.
    filled
        Taxa whose distances were predicted from the taxonomy.
    """

    name: str
    taxa: list[str]
    scales: tuple[float, ...]
    covariances: np.ndarray
    clipped: tuple[float, ...]
    filled: list[str]


def relatives_of(
    name: str,
    distances: DistanceMatrix,
    filled: Sequence[str] = (),
    scales: Sequence[float] = SCALES,
) -> Relatives:
    """Return how taxa covary that are so far from each other.

    Parameters
    ----------
    name
        For messages and tables.
    distances
        (n_taxa, n_taxa), of any unit: patristic, between sequences, steps of the taxonomy.
    filled
        Those of which the distances were predicted (`fill_from_taxonomy`).
    scales
        Shares of the median distance.

    Raises
    ------
    ValueError
        If all distances are the same.
    """
    rising = tuple(sorted(scales))
    try:
        found = [phylogenetic_covariance(distances.data, scale) for scale in rising]
    except ValueError as error:
        raise ValueError(f"relatives by {name}: {error}") from None
    return Relatives(
        name,
        list(distances.ids),
        rising,
        np.stack([_lifted(one.values) for one in found]),
        tuple(one.clipped for one in found),
        sorted(filled),
    )


def _lifted(values: np.ndarray) -> np.ndarray:
    """Add a constant until no eigenvalue is negative, where those of contrasts are not.

    The general mean is estimated, so that a constant changes no posterior and no likelihood.
    """
    added = 0.0
    while np.linalg.eigvalsh(values + added)[0] < _NEGATIVE and added < _MOST:
        added = max(1.0, 4 * added)
    return values + added


def taxonomy_steps(above: pd.DataFrame) -> DistanceMatrix:
    """Return in how many ranks taxa differ, their own among them.

    Parameters
    ----------
    above
        The taxa above each taxon, index taxon, as `visgen.specimens.taxonomy.lineage` returns
        them; a gap is alike to none.

    Returns
    -------
    DistanceMatrix
        (n_taxa, n_taxa), from 0 to one more than there are ranks above, in the order of the rows.

    Raises
    ------
    ValueError
        If a taxon occurs twice.

    Examples
    --------
    >>> above = pd.DataFrame({"family": ["A", "A", "B"], "genus": ["a", "a", "b"]}, list("xyz"))
    >>> taxonomy_steps(above).data.tolist()
    [[0.0, 1.0, 3.0], [1.0, 0.0, 3.0], [3.0, 3.0, 0.0]]
    """
    check_once(above.index, "the taxonomy")
    steps = np.ones((len(above), len(above)))
    for rank in above:
        code = pd.factorize(above[rank])[0]
        steps += (code[:, None] != code) | (code < 0)
    np.fill_diagonal(steps, 0)
    return DistanceMatrix(steps, list(above.index))


def fill_from_taxonomy(
    name: str, distances: DistanceMatrix, steps: DistanceMatrix
) -> tuple[DistanceMatrix, list[str]]:
    """Give every taxon a place among relatives, those without distances by the taxonomy.

    A pair of which one is not there gets the mean distance of the pairs that are as many steps
    apart; where no pair is, that of the nearest number of steps on which there are some.

    Parameters
    ----------
    name
        For messages.
    distances
        Between some of the taxa; others in it are left out.
    steps
        Of `taxonomy_steps`, between all taxa that are wanted.

    Returns
    -------
    distances
        (n_taxa, n_taxa), in the order of `steps`.
    filled
        Taxa that had none, sorted.

    Raises
    ------
    ValueError
        If fewer than three of the taxa have distances.
    """
    taxa = list(steps.ids)
    place = pd.Index(distances.ids).get_indexer(pd.Index(taxa))
    known = np.flatnonzero(place >= 0)
    check_known(name, list(distances.ids), taxa, len(known))
    given = distances.data[np.ix_(place[known], place[known])]
    filled = sorted(set(taxa) - {taxa[i] for i in known})
    if not filled:
        return DistanceMatrix(tidy(given), taxa), []
    upper = np.triu_indices(len(known), k=1)
    pairs = steps.data[np.ix_(known, known)][upper]
    means = pd.Series(given[upper]).groupby(pairs).mean()
    wanted = np.unique(steps.data)
    nearest = np.abs(wanted[:, None] - means.index.to_numpy()).argmin(axis=1)
    values = means.to_numpy()[nearest][np.searchsorted(wanted, steps.data)]
    values[np.ix_(known, known)] = given
    return DistanceMatrix(tidy(values), taxa), filled


def check_known(name: str, has: Sequence[str], taxa: Sequence[str], n_known: int) -> None:
    """Refuse a source that knows too few of the taxa.

    Parameters
    ----------
    name
        Of the source.
    has
        What is in it.
    taxa
        That are wanted.
    n_known
        How many of these it knows.

    Raises
    ------
    ValueError
        If they are fewer than three.
    """
    if n_known < MIN_KNOWN:
        raise ValueError(
            f"relatives by {name}: {n_known} of the {len(taxa)} taxa are in it, expected at least "
            f"{MIN_KNOWN}; it has {list(has)[:5]}, the study {list(taxa)[:5]}"
        )


def check_once(taxa: Sequence[str], where: str) -> None:
    """Refuse a taxon that occurs twice.

    Raises
    ------
    ValueError
        With its name.
    """
    index = pd.Index(taxa)
    if not index.is_unique:
        raise ValueError(f"{where}: {index[index.duplicated()][0]!r} is there twice, expected once")


def in_order(covariances: np.ndarray, order: Order, known: Order = None) -> np.ndarray:
    """Return covariances of taxa that are taken for others, of known ones alone.

    Parameters
    ----------
    covariances
        (..., n_taxa, n_taxa).
    order
        (n_taxa,).
    known
        (n_known,) positions; None for all.

    Returns
    -------
    array
        (..., n_known, n_known).
    """
    n_taxa = covariances.shape[-1]
    taken = np.arange(n_taxa) if order is None else order
    taken = taken if known is None else taken[known]
    if len(taken) == n_taxa and (taken == np.arange(n_taxa)).all():
        return covariances
    return covariances[..., taken[:, None], taken]
