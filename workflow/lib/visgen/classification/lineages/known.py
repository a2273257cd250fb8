"""The lineages that an image can be given: those of the taxa that were trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Lineages:
    """Lineages of a taxonomy, each named from the coarsest rank down to where its names end.

    Attributes
    ----------
    names
        (n_lineages, n_ranks) taxa, columns coarse to fine; null where a lineage has no name. No
        lineage is the beginning of another one.
    places
        (n_lineages, n_ranks) number of the taxon among `taxa` of its rank, −1 for a gap.
    taxa
        By rank: the taxa that can be named there.
    """

    names: pd.DataFrame
    places: np.ndarray
    taxa: Mapping[str, pd.Index]

    @property
    def ranks(self) -> list[str]:
        """The ranks, coarse to fine."""
        return list(self.names.columns)

    def __len__(self) -> int:
        return len(self.names)


def known_lineages(taxa: Mapping[str, pd.Index], above: Mapping[str, pd.DataFrame]) -> Lineages:
    """Return the lineages that taxa form.

    Parameters
    ----------
    taxa
        By rank, coarse to fine: the taxa that can be named.
    above
        By rank: the taxa above each taxon, as `visgen.specimens.taxonomy.lineage` returns them.

    Returns
    -------
    Lineages
        One for each taxon under which no finer one is known, the finest ranks first, then by
        name. What is above a taxon is read off the nearest taxon above it that is known, so that
        two species of a genus never differ in their family; a rank that no image tells is a gap.

    Examples
    --------
    >>> above = {
    ...     "family": pd.DataFrame(index=["Arcidae", "Pinnidae"]),
    ...     "genus": pd.DataFrame({"family": ["Arcidae", None]}, index=["Arca", "Zyx"]),
    ... }
    >>> taxa = {rank: pd.Index(above[rank].index) for rank in above}
    >>> known_lineages(taxa, above).names.fillna("–").to_numpy().tolist()
    [['Arcidae', 'Arca'], ['–', 'Zyx'], ['Pinnidae', '–']]
    """
    ranks = list(taxa)
    whole: dict[tuple[str, str], dict[str, str]] = {}  # by rank and taxon: its names
    has_finer = set()
    for i, rank in enumerate(ranks):
        coarser = [c for c in reversed(ranks[:i]) if c in above[rank].columns]
        placed = above[rank].reindex(taxa[rank]).to_dict("index")
        for taxon in taxa[rank]:
            named = {rank: taxon}
            for c in coarser:
                if (c, parent := placed[taxon][c]) in whole:
                    named |= whole[c, parent]
                    has_finer.add((c, parent))
                    break
            whole[rank, taxon] = named
    leaves = [
        whole[rank, taxon]
        for rank in reversed(ranks)
        for taxon in sorted(taxa[rank])
        if (rank, taxon) not in has_finer
    ]
    names = pd.DataFrame(leaves, columns=ranks, dtype="str")
    places = np.stack([taxa[rank].get_indexer(names[rank]) for rank in ranks], axis=1)
    return Lineages(names, places, taxa)
