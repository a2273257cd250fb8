"""A few typical specimens, spread over the taxonomy, for the top of the page."""

from collections.abc import Sequence

import pandas as pd

from visgen.report.galleries.examples import TYPICAL
from visgen.report.galleries.looks import evenly, most_typical
from visgen.specimens.taxonomy import taxonomic_order

#: Photographs of the strip.
SHOWN = 8


def strip_rank(photographs: pd.DataFrame, ranks: Sequence[str]) -> str:
    """Return the coarsest rank with `SHOWN` taxa; else the one with most, of equals the coarsest.

    >>> photographs = pd.DataFrame({"order": ["A"] * 9, "genus": list("abcdefghi")})
    >>> strip_rank(photographs, ["order", "genus"])
    'genus'
    """
    n_taxa = {rank: photographs[rank].nunique() for rank in ranks}
    return next((rank for rank in ranks if n_taxa[rank] >= SHOWN), max(ranks, key=n_taxa.get))


def choose_strip(
    photographs: pd.DataFrame, odd: pd.Series, ranks: Sequence[str], rank: str
) -> list[dict]:
    """Return a typical photograph of each of `SHOWN` taxa, in the order of the taxonomy.

    Parameters
    ----------
    photographs
        First ones of specimens: index id; specimen and the ranks.
    odd
        How far each is from the mean of its taxon of `rank` (`oddness`).
    ranks
        Coarse to fine.
    rank
        Of the taxa, as `strip_rank` returns it.
    """
    typical = most_typical(photographs, odd, rank)
    return [
        {
            "group": rank,
            "image": typical[taxon],
            "specimen": photographs.loc[typical[taxon], "specimen"],
            "role": TYPICAL,
            "taxon": taxon,
        }
        for taxon in evenly(taxonomic_order(photographs, ranks, rank), SHOWN)
    ]
