"""Evolutionary distances between aligned sequences, and between their taxa."""

from collections.abc import Sequence as Listed

import numpy as np
import pandas as pd

from visgen.distances.matrices import tidy
from visgen.genetics.sequences.accepted import Sequence
from visgen.scikit_bio import DNA, DistanceMatrix, TabularMSA, align_dists

#: Models by name in the configuration, with their names in scikit-bio.
IN_SCIKIT_BIO = {"p": "pdist", "JC69": "jc69", "K2P": "k2p"}
_BASES = np.frombuffer(b"ACGT", np.uint8)


def sequence_distances(alignment: Listed[Sequence], model: str) -> DistanceMatrix:
    """Return the distances between aligned sequences, in substitutions a site.

    Each pair is compared at the sites where both have one of A, C, G, T (pairwise deletion).
    ``p`` is the share of sites that differ; ``JC69`` (Jukes & Cantor 1969) and ``K2P`` (Kimura
    1980) correct it for repeated substitutions. The arithmetic is scikit-bio's.

    Parameters
    ----------
    alignment
        (n_sequences,) of one length.
    model : {"p", "JC69", "K2P"}
        How to count.

    Returns
    -------
    DistanceMatrix
        (n_sequences, n_sequences), in the order of the alignment, ids names of sequences. NaN
        where a pair shares no site or is saturated: `check_defined` says which.

    Raises
    ------
    ValueError
        If the model is unknown.
    """
    if model not in IN_SCIKIT_BIO:
        raise ValueError(
            f"config key genetics.distances.model is {model!r}, expected one of "
            f"{', '.join(IN_SCIKIT_BIO)}"
        )
    names = [one.name for one in alignment]
    table = TabularMSA([DNA(one.bases) for one in alignment], index=names)
    return align_dists(table, IN_SCIKIT_BIO[model], shared_by_all=False)


def check_defined(values: np.ndarray, alignment: Listed[Sequence]) -> None:
    """Refuse distances of which one is not defined.

    Parameters
    ----------
    values
        (n_sequences, n_sequences), in the order of the alignment.
    alignment
        The sequences.

    Raises
    ------
    ValueError
        If one is NaN: the pair, and whether it shares no site or is saturated.
    """
    first, second = np.nonzero(np.triu(np.isnan(values), k=1))
    if not len(first):
        return
    pair = alignment[first[0]], alignment[second[0]]
    a, b = (np.frombuffer(one.bases.encode(), np.uint8) for one in pair)
    shared = np.isin(a, _BASES) & np.isin(b, _BASES)
    differ = int((a != b)[shared].sum())
    why = (
        f"they differ at {differ} of the {shared.sum()} sites where both have a base, which is "
        "too many for the model; take the model p, or leave one of them out"
        if shared.any()
        else "there is no site where both have a base; leave one of them out"
    )
    raise ValueError(
        f"no distance between sequences {pair[0].name!r} and {pair[1].name!r} "
        f"({len(first)} such pairs): {why}"
    )


def taxon_distances(alignment: Listed[Sequence], model: str) -> DistanceMatrix:
    """Return the distances between taxa.

    Parameters
    ----------
    alignment, model
        As in `sequence_distances`.

    Returns
    -------
    DistanceMatrix
        (n_taxa, n_taxa), the mean over the pairs of sequences of two taxa, taxa sorted.

    Raises
    ------
    ValueError
        If a distance between sequences of two taxa is not defined.
    """
    distances = sequence_distances(alignment, model)
    taxa = np.array([one.taxon for one in alignment])
    # Two sequences of a taxon may be fragments without a shared site: no distance needs them.
    values = np.where(taxa[:, None] == taxa, 0.0, distances.redundant_form())
    check_defined(values, alignment)
    means = pd.DataFrame(values).groupby(taxa).mean().T.groupby(taxa).mean()
    return DistanceMatrix(tidy(means.to_numpy()), list(means.index))
