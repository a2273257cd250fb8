"""One name for each taxon of the images: synonyms and names in another case."""

import logging
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from visgen.names import say_alike, say_mixed
from visgen.specimens.taxonomy import lineage
from visgen.spellings import accept, match_case, unify_case

log = logging.getLogger(__name__)

_BLANK = re.compile(r"[\s_]+")


def unify_names(
    meta: pd.DataFrame, ranks: Sequence[str], synonyms: Mapping[str, str]
) -> pd.DataFrame:
    """Bring names that mean one taxon to one, and place what bore a synonym where its taxon is.

    Parameters
    ----------
    meta : DataFrame
        With the ranks; gaps are null.
    ranks : list of str
        The ranks, coarse to fine.
    synonyms : mapping of str to str
        As `visgen.name_tables.read_synonyms` returns it; for names at any rank.

    Returns
    -------
    DataFrame
        A copy. Names that differ in case only have their most frequent spelling. A row whose
        name is replaced has the taxa above of the rows that bear the accepted name; where there
        is none, a genus that was the first word of the old name is that of the new one.

    Examples
    --------
    >>> meta = pd.DataFrame({"genus": ["Chlamys"], "species": ["Chlamys varia"]})
    >>> synonyms = {"Chlamys varia": "Mimachlamys varia"}
    >>> unify_names(meta, ["genus", "species"], synonyms).to_numpy().tolist()
    [['Mimachlamys', 'Mimachlamys varia']]
    """
    meta = meta.copy()
    for rank in ranks:
        used = unify_case(meta[rank].dropna(), f"rank {rank}")
        meta[rank] = meta[rank].map(used).astype("str")
        say_mixed(used.values(), f"rank {rank}")
    if synonyms:
        _accept(meta, ranks, synonyms)
    for rank in ranks:
        say_alike(meta[rank].dropna(), f"rank {rank}")
    return meta


def say_near_specimens(specimens: pd.Series) -> None:
    """Warn of specimens whose names differ in case, blanks and underscores only.

    They stay two: where they are one, its images may be both in training and in test.
    """
    names = pd.Series(sorted(specimens.unique()), dtype="str")
    cores = names.str.replace(_BLANK, "", regex=True).str.casefold()
    near = names.groupby(cores).agg(list)
    near = near[near.str.len() > 1].tolist()
    if near:
        log.warning(
            "specimens that differ in case, blanks or underscores only (%d), such as %s, are taken "
            "as different ones", len(near), " and ".join(map(repr, near[0][:2])),
        )  # fmt: skip


def _accept(meta: pd.DataFrame, ranks: Sequence[str], synonyms: Mapping[str, str]) -> None:
    """Replace synonyms, in place."""
    accepted = accept(
        pd.concat([meta[rank].dropna() for rank in ranks]), synonyms, "labels of images"
    )
    for rank in reversed(ranks):  # fine to coarse: a genus may be a synonym too
        old = meta[rank]
        in_table = match_case(accepted.values(), sorted(old.dropna().unique()), f"rank {rank}")
        used = {name: in_table[to] for name, to in accepted.items()}
        new = old.map(used).fillna(old).astype("str")
        changed = old.notna() & (old != new)
        if changed.any():
            _replace(meta, ranks, rank, new[changed])


def _replace(meta: pd.DataFrame, ranks: Sequence[str], rank: str, new: pd.Series) -> None:
    """Give rows their accepted names, and the taxa above these."""
    own = lineage(meta.drop(new.index), ranks, rank)
    above = own.reindex(new).set_axis(new.index)
    for coarser in above.columns:
        at_home = above[coarser].dropna()
        meta.loc[at_home.index, coarser] = at_home
    if len(above.columns):
        first = _first_words(meta.loc[new.index, rank])
        bears_it = (meta.loc[new.index, above.columns[-1]] == first) & ~new.isin(own.index)
        moved = new[bears_it]
        meta.loc[moved.index, above.columns[-1]] = _first_words(moved)
    meta.loc[new.index, rank] = new


def _first_words(names: pd.Series) -> pd.Series:
    return names.str.split(n=1).str[0]
