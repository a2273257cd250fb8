"""The taxa of a study as the page has them: what is typed, and the lineage that it stands for."""

from collections.abc import Mapping, Sequence

import pandas as pd


def list_taxa(taxonomy: pd.DataFrame, ranks: Sequence[str]) -> list[list]:
    """Return all taxa, finest rank first, as the page is given them.

    Parameters
    ----------
    taxonomy
        As `visgen.specimens.taxonomy.tabulate_taxa` returns it.
    ranks
        Of the study, coarse to fine.

    Returns
    -------
    list of [text, rank, lineage]
        What a person types, which is the name, with its rank beside where several ranks have the
        name; the place of the rank among ``ranks``; and the names at all ranks down to its own,
        None for a gap.

    Examples
    --------
    >>> taxonomy = pd.DataFrame({
    ...     "rank": ["family", "genus"], "taxon": ["Arca", "Arca"],
    ...     "family": ["Arca", "Arca"], "genus": [None, "Arca"],
    ... })
    >>> list_taxa(taxonomy, ["family", "genus"])
    [['Arca (genus)', 1, ['Arca', 'Arca']], ['Arca (family)', 0, ['Arca']]]
    """
    shared = set(taxonomy["taxon"][taxonomy["taxon"].duplicated()])
    found = []
    for row in taxonomy.to_dict("records"):
        rank, name = ranks.index(row["rank"]), row["taxon"]
        text = f"{name} ({row['rank']})" if name in shared else name
        lineage = [None if pd.isna(row[above]) else row[above] for above in ranks[: rank + 1]]
        found.append([text, rank, lineage])
    return sorted(found, key=lambda taxon: -taxon[1])


def places_of(taxa: Sequence[Sequence], ranks: Sequence[str]) -> Mapping[tuple[str, str], int]:
    """Return where each taxon, by rank and name, stands in the list of `list_taxa`."""
    return {(ranks[rank], lineage[-1]): place for place, (_, rank, lineage) in enumerate(taxa)}
