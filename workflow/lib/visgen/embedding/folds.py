"""Which taxa are held out together: random tips of the tree, or whole groups of the rank above."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.taxonomy import group_above, group_coarsest

#: Kinds of held-out taxa.
TIPS, CLADES = KINDS = ("tips", "clades")
#: Each fold must hold out so many, to have pairs among the held-out ones.
MIN_HELD_OUT = 3


def placed_taxa(genetic: DistanceMatrix, taxa: pd.Series) -> list[str]:
    """Return the taxa that have images and phylogenetic distances, sorted; none if they are few.

    Parameters
    ----------
    genetic
        Phylogenetic distances.
    taxa
        Taxon of each image that counts.
    """
    placed = sorted(set(genetic.ids) & set(taxa))
    return placed if len(placed) >= MIN_TAXA else []


def deal_folds(
    genetic: DistanceMatrix,
    taxa: Sequence[str],
    groups: pd.Series,
    n_folds: int,
    seed: int,
    *,
    coarsest: pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Deal taxa to folds; each taxon is held out once of either kind.

    Parameters
    ----------
    genetic
        Phylogenetic distances, at least of the taxa to deal.
    taxa
        The taxa to deal.
    groups
        Taxon of the rank above, index taxon; others may be in it. A taxon without one is a
        group of its own.
    n_folds
        Wanted; fewer where there are too few taxa or groups.
    seed
        Of the deal.
    coarsest
        Taxon of the coarsest rank, as `groups`, which deals nothing; None where that is the rank
        above.

    Returns
    -------
    folds
        Index taxon, sorted; columns `KINDS`: number of the fold, from 1; null in a kind that
        these taxa do not allow; group_number, of the taxon's group, and coarsest_number, of that
        of the coarsest rank.
    omitted
        Evaluator and reason of a kind that is left out.

    Notes
    -----
    ``clades`` deals whole groups, the largest first, always to the fold with the fewest taxa;
    groups of equal size in random order. Where one group holds most taxa, its fold has fewer
    known than held-out ones.
    """
    taxa = pd.Index(sorted(taxa), name="taxon", dtype="str")
    groups = groups.reindex(taxa)
    pairs = genetic.filter(list(taxa)).condensed_form() if len(taxa) else np.empty(0)
    is_star = len(pairs) > 0 and np.ptp(pairs) <= 1e-12 * pairs.max()
    folds = pd.DataFrame(index=taxa, columns=list(KINDS), dtype="Int64")
    rng = np.random.default_rng([seed, 1])
    dealt, omitted = {}, []
    dealt["tips"] = deal_tips(len(taxa), min(n_folds, len(taxa) // MIN_HELD_OUT), rng)
    dealt["clades"] = deal_groups(number_groups(groups), n_folds, rng)
    for kind, fold in dealt.items():
        sizes = np.bincount(fold, minlength=1)
        n_known = len(taxa) - sizes.max(initial=0)
        if is_star or len(sizes) < 2 or n_known < MIN_TAXA:
            reason = (
                f"all {len(pairs)} pairs have the same distance {pairs[0]:g} (a star tree?)"
                if is_star
                else f"{len(taxa)} taxa in {groups.nunique()} groups leave {n_known} known ones "
                f"beside the largest fold of {kind}; {MIN_TAXA} are needed"
            )
            omitted.append({"evaluator": f"held_out_{kind}", "reason": reason})
        else:
            folds[kind] = fold + 1
    folds["group_number"] = number_groups(groups)
    coarsest = groups if coarsest is None else coarsest.reindex(taxa)
    folds["coarsest_number"] = number_groups(coarsest)
    return folds, pd.DataFrame(omitted, columns=["evaluator", "reason"])


def kinds_of(folds: pd.DataFrame) -> list[str]:
    """Return the kinds of held-out taxa that folds have."""
    return [kind for kind in KINDS if folds[kind].notna().all()]


def groups_of_taxa(
    named: pd.DataFrame, labels: pd.DataFrame, ranks: Sequence[str], rank: str
) -> pd.Series:
    """Return the group of each taxon of a rank, index taxon.

    Parameters
    ----------
    named
        Index id, columns `ranks`: which images belong together, whatever the names.
    labels
        Index id, column `rank`.
    ranks
        From coarse to fine.
    rank
        Of the taxa; the group is that of the rank above, and null of the first.
    """
    above = list(ranks[: ranks.index(rank)][-1:])
    return group_above(named[above].join(labels), [*above, rank], rank)


def coarsest_groups_of_taxa(
    named: pd.DataFrame, labels: pd.DataFrame, ranks: Sequence[str], rank: str
) -> pd.Series:
    """Return the group of the coarsest rank of each taxon, as `groups_of_taxa`."""
    coarsest = list(ranks[: ranks.index(rank)][:1])
    return group_coarsest(named[coarsest].join(labels), [*coarsest, rank], rank)


def number_groups(groups: pd.Series) -> np.ndarray:
    """Return the number of each taxon's group, (n_taxa,), in the order in which they come.

    Parameters
    ----------
    groups
        Index taxon; a taxon with a gap is a group of its own.
    """
    alone = groups.isna()
    names = groups.astype(object).where(~alone, [("", taxon) for taxon in groups.index])
    return pd.factorize(names)[0]


def deal_tips(n_taxa: int, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal single taxa to folds at random; return the fold of each, from 0, (n_taxa,)."""
    fold = np.empty(n_taxa, int)
    fold[rng.permutation(n_taxa)] = np.arange(n_taxa) % max(n_folds, 1)
    return fold


def deal_groups(groups: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal whole groups to folds, the largest first, always to the fold with the fewest taxa.

    Parameters
    ----------
    groups
        Number of each taxon's group, (n_taxa,).
    n_folds
        At most; no more than there are groups.
    rng
        Of the order of groups of equal size.

    Returns
    -------
    ndarray
        The fold of each taxon, from 0, (n_taxa,).
    """
    _, codes = np.unique(groups, return_inverse=True)
    sizes = np.bincount(codes)
    shuffled = rng.permutation(len(sizes))
    return _deal_in_order(
        codes, sizes, shuffled[np.argsort(-sizes[shuffled], kind="stable")], n_folds
    )


def deal_groups_anew(groups: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal whole groups as `deal_groups`, but in an order that hangs more on chance.

    Where sizes all differ, `deal_groups` has one order only. Here the next group is any of those
    left, with a probability that goes with its size: large ones come early, so that folds stay
    about as equal, and yet other groups meet in a fold.

    Parameters
    ----------
    groups, n_folds
        As in `deal_groups`.
    rng
        Of the order.

    Returns
    -------
    ndarray
        The fold of each taxon, from 0, (n_taxa,).
    """
    _, codes = np.unique(groups, return_inverse=True)
    sizes = np.bincount(codes)
    order = np.argsort(rng.exponential(size=len(sizes)) / sizes)
    return _deal_in_order(codes, sizes, order, n_folds)


def _deal_in_order(
    codes: np.ndarray, sizes: np.ndarray, order: np.ndarray, n_folds: int
) -> np.ndarray:
    """Deal groups in an order, always to the fold with the fewest taxa."""
    held = np.zeros(min(n_folds, len(sizes)), int)
    fold_of_group = np.empty(len(sizes), int)
    for group in order:
        fold_of_group[group] = held.argmin()
        held[held.argmin()] += sizes[group]
    return fold_of_group[codes]
