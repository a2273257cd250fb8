"""Which taxa are withheld from all training, to be placed afterwards: species, or whole genera."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.specimens.taxonomy import group_above
from visgen.visual_genetic.scopes import KINDS

#: So many taxa, or groups of the rank above, have to stay known.
MIN_KNOWN = 2


def deal_withheld(
    specimens: pd.DataFrame, rank: str, ranks: Sequence[str], share: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the taxa that no training sees.

    Parameters
    ----------
    specimens
        One row an image, with the ranks; gaps are null.
    rank
        Of the taxa.
    ranks
        Coarse to fine.
    share
        Of the taxa, in (0, 1): about so many are withheld, at least one.
    seed
        Of the draw.

    Returns
    -------
    withheld
        taxon (sorted), group (taxon of the rank above, null where it is a gap), unseen_species
        (single taxa, each of a group that keeps a known one) and unseen_genera (whole groups);
        False throughout in a kind that the taxa do not allow.
    omitted
        Evaluator (the kind) and reason of such a kind.

    Raises
    ------
    ValueError
        If share is not between 0 and 1, or ``rank`` is not one of the ranks.

    Notes
    -----
    A taxon whose group is a gap is never withheld: nobody could say where it belongs. Groups are
    taken in random order, each if it brings the number of withheld taxa nearer to what is
    wanted; where all are too large for that, the smallest one is taken.
    """
    if not 0 < share < 1:
        raise ValueError(
            f"config key visual_genetic.unseen.share: found {share}, expected a number between 0 "
            "and 1"
        )
    groups = group_above(specimens, ranks, rank)
    wanted = max(1, round(share * len(groups)))
    rng = np.random.default_rng(seed)
    names = groups.index[rng.permutation(len(groups))]
    sizes = groups.value_counts().sort_index()
    order = sizes.index[rng.permutation(len(sizes))]
    chosen = {
        "unseen_species": _draw_taxa(groups.loc[names], wanted),
        "unseen_genera": _draw_groups(groups, sizes.loc[order], wanted),
    }
    withheld = pd.DataFrame({"taxon": groups.index, "group": groups.to_numpy()})
    for kind in KINDS:
        withheld[kind] = withheld["taxon"].isin(chosen[kind])
    return withheld, _omitted(chosen, sizes, len(groups))


def _draw_taxa(groups: pd.Series, wanted: int) -> list[str]:
    """Take taxa in turn, each if its group, and the study, keep enough known ones."""
    left = groups.value_counts().to_dict()
    chosen: list[str] = []
    for taxon, group in groups.dropna().items():
        room = len(groups) - len(chosen) > MIN_KNOWN
        if len(chosen) < wanted and room and left[group] > 1:
            chosen.append(taxon)
            left[group] -= 1
    return chosen


def _draw_groups(groups: pd.Series, sizes: pd.Series, wanted: int) -> list[str]:
    """Take groups in turn until about as many taxa as wanted are withheld."""
    if len(sizes) <= MIN_KNOWN:
        return []
    taken: list[str] = []
    n_taxa = 0
    for group, size in sizes.items():
        nearer = abs(n_taxa + size - wanted) < abs(n_taxa - wanted)
        if nearer and len(sizes) - len(taken) > MIN_KNOWN:
            taken.append(group)
            n_taxa += size
    taken = taken or [sizes.index[int(sizes.argmin())]]
    return groups.index[groups.isin(taken)].tolist()


def _omitted(chosen: dict[str, list[str]], sizes: pd.Series, n_taxa: int) -> pd.DataFrame:
    reasons = {
        "unseen_species": (
            f"none of {n_taxa} taxa in {len(sizes)} groups of the rank above can be withheld so "
            f"that its group keeps a known taxon and {MIN_KNOWN} taxa are known"
        ),
        "unseen_genera": (
            f"the taxa are of {len(sizes)} groups of the rank above; {MIN_KNOWN + 1} are needed, "
            f"to withhold one and know {MIN_KNOWN}"
        ),
    }
    rows = [(kind, reasons[kind]) for kind in KINDS if not chosen[kind]]
    return pd.DataFrame(rows, columns=["evaluator", "reason"])
