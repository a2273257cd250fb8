"""Anchors for taxa without sequences, from their relatives in the taxonomy."""

from collections.abc import Sequence

import pandas as pd

OWN = "own"
NO_ANCHOR = "none"


def fall_back(
    own: pd.DataFrame, above: pd.DataFrame, fallback: Sequence[str]
) -> tuple[pd.DataFrame, pd.Series]:
    """Give taxa without an anchor the mean of those of the same genus, else family, and so on.

    Parameters
    ----------
    own : DataFrame, (n_own, n_features)
        The anchors that taxa have of their own, taxon names as index.
    above : DataFrame
        The taxonomy of the study's taxa, as `visgen.specimens.taxonomy.lineage` returns it.
    fallback : list of str
        Ranks above, in the order in which they are tried; none leaves those taxa out.

    Returns
    -------
    anchors : DataFrame, (n_taxa, n_features)
        Own and lent ones, in the order of the taxonomy's rows.
    source : Series
        For each of the study's taxa: ``own``, rank and name of the group that lent (``genus
        Globigerina``), or ``none``.

    Raises
    ------
    ValueError
        If a rank to fall back on is not above the taxa.
    """
    if unknown := [rank for rank in fallback if rank not in above.columns]:
        raise ValueError(
            f"fallback names {unknown[0]!r}, expected ranks above {above.index.name!r}: "
            f"{list(above.columns)}"
        )
    source = pd.Series(NO_ANCHOR, above.index, dtype="str")
    source[above.index.isin(own.index)] = OWN
    anchors = own.reindex(above.index)
    for rank in fallback:
        lent = own.groupby(above.loc[own.index, rank]).mean()  # a gap is no group
        waiting = (source == NO_ANCHOR) & above[rank].isin(lent.index)
        groups = above.loc[waiting, rank]
        anchors.loc[waiting] = lent.loc[groups].to_numpy()
        source[waiting] = rank + " " + groups
    return anchors[source != NO_ANCHOR].rename_axis("taxon"), source
