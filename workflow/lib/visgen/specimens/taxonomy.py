"""The taxonomy that the specimens' labels spell out."""

from collections.abc import Sequence

import pandas as pd


def lineage(specimens: pd.DataFrame, ranks: Sequence[str], rank: str) -> pd.DataFrame:
    """Return the taxa above each taxon of a rank.

    Parameters
    ----------
    specimens : DataFrame
        One row an image, with the ranks; gaps are null.
    ranks : list of str
        The ranks, coarse to fine.
    rank : str
        One of them.

    Returns
    -------
    DataFrame
        One row a taxon of ``rank``, sorted by name, which is the index; one column for each
        coarser rank, coarse to fine. Of several taxa above, the one with most images counts, of
        equals the first by name; null where every image has a gap.

    Raises
    ------
    ValueError
        When ``rank`` is not one of the ranks.

    Examples
    --------
    >>> specimens = pd.DataFrame({
    ...     "family": ["Pinnidae", "Arcidae", "Arcidae"],
    ...     "genus": ["Pinna", "Arca", "Arca"],
    ...     "species": ["Pinna nobilis", "Arca noae", "Arca noae"],
    ... })
    >>> lineage(specimens, ["family", "genus", "species"], "species").T.to_dict("list")
    {'Arca noae': ['Arcidae', 'Arca'], 'Pinna nobilis': ['Pinnidae', 'Pinna']}
    """
    ranks = list(ranks)
    if rank not in ranks:
        raise ValueError(f"the rank {rank!r} is not one of {ranks}")
    taxa = pd.Index(sorted(specimens[rank].dropna().unique()), name=rank, dtype="str")
    above = pd.DataFrame(index=taxa)
    for coarser in ranks[: ranks.index(rank)]:
        counts = specimens[[rank, coarser]].value_counts().rename("n").reset_index()
        counts = counts.sort_values(["n", coarser], ascending=[False, True])
        above[coarser] = counts.drop_duplicates(rank).set_index(rank)[coarser].reindex(taxa)
    return above


def tabulate_taxa(specimens: pd.DataFrame, ranks: Sequence[str]) -> pd.DataFrame:
    """Return every taxon with all that is above it: what draws and groups needs no images.

    Parameters
    ----------
    specimens, ranks
        As in `lineage`.

    Returns
    -------
    DataFrame
        One row a taxon; ranks coarse to fine, within a rank in taxonomic order: ``rank``,
        ``taxon``, ``parent`` (of the rank above; null for a gap and at the coarsest), and a
        column for each rank, the taxon's own among them, null for finer ones. The rows of a rank
        (`visgen.tables.of_rank`) can stand for the specimens in the functions of this module.
    """
    tables = []
    for i, rank in enumerate(ranks):
        above = lineage(specimens, ranks, rank).loc[taxonomic_order(specimens, ranks, rank)]
        taxa = above.reset_index()
        parent = taxa[ranks[i - 1]] if i else None
        tables.append(taxa.assign(rank=rank, taxon=taxa[rank], parent=parent))
    columns = ["rank", "taxon", "parent", *ranks]
    return pd.concat(tables, ignore_index=True).reindex(columns=columns).astype("str")


def taxonomic_order(specimens: pd.DataFrame, ranks: Sequence[str], rank: str) -> list[str]:
    """Return the taxa of a rank in the order of the taxonomy.

    Parameters
    ----------
    specimens, ranks, rank
        As in `lineage`.

    Returns
    -------
    list of str
        Sorted by the coarsest taxon, then the next, at last by their own name; at each rank a
        gap comes after all names.
    """
    above = lineage(specimens, ranks, rank)
    return above.reset_index().sort_values([*above.columns, rank])[rank].tolist()


def group_above(specimens: pd.DataFrame, ranks: Sequence[str], rank: str) -> pd.Series:
    """Return the taxon of the next coarser rank for each taxon of a rank.

    Parameters
    ----------
    specimens, ranks, rank
        As in `lineage`.

    Returns
    -------
    Series
        Index taxon, sorted; null where the taxon above is a gap. ``all`` throughout where
        ``rank`` is the coarsest.

    Examples
    --------
    >>> specimens = pd.DataFrame({
    ...     "family": ["Arcidae", "Arcidae", "Pinnidae"],
    ...     "genus": ["Arca", "Barbatia", "Pinna"],
    ... })
    >>> group_above(specimens, ["family", "genus"], "genus").to_dict()
    {'Arca': 'Arcidae', 'Barbatia': 'Arcidae', 'Pinna': 'Pinnidae'}
    """
    return _group(specimens, ranks, rank, -1)


def group_coarsest(specimens: pd.DataFrame, ranks: Sequence[str], rank: str) -> pd.Series:
    """Return the taxon of the coarsest rank for each taxon of a rank.

    Parameters
    ----------
    specimens, ranks, rank
        As in `lineage`.

    Returns
    -------
    Series
        As `group_above` returns it.

    Examples
    --------
    >>> specimens = pd.DataFrame({
    ...     "order": ["Arcida", "Arcida", "Ostreida"],
    ...     "family": ["Arcidae", "Noetiidae", "Pinnidae"],
    ...     "genus": ["Arca", "Noetia", "Pinna"],
    ... })
    >>> group_coarsest(specimens, ["order", "family", "genus"], "genus").to_dict()
    {'Arca': 'Arcida', 'Noetia': 'Arcida', 'Pinna': 'Ostreida'}
    """
    return _group(specimens, ranks, rank, 0)


def _group(specimens: pd.DataFrame, ranks: Sequence[str], rank: str, place: int) -> pd.Series:
    """Return the taxon at a place among the ranks above; one group of all without any."""
    above = lineage(specimens, ranks, rank)
    if above.columns.empty:
        return pd.Series("all", index=above.index)
    return above.iloc[:, place].rename("group")
