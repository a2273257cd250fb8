"""Whether the groups of a taxonomy are clades of a tree."""

from collections import defaultdict
from collections.abc import Set as AbstractSet

import numpy as np
import pandas as pd

from visgen.metrics import EXPECTED
from visgen.scikit_bio import TreeNode

SHUFFLES = 999


def clades(tree: TreeNode) -> set[frozenset[str]]:
    """Return the tips below each inner node of a rooted tree, the root left out."""
    return set(tree.subsets())


def monophyletic(clades: AbstractSet[frozenset[str]], groups: pd.Series) -> pd.Series:
    """Return which groups are clades.

    Parameters
    ----------
    clades
        As `clades` returns them.
    groups
        The group of each tip, index tip.

    Returns
    -------
    Series of bool
        Index group, sorted. Groups of one tip, and one of all tips, are left out: they cannot
        fail.
    """
    members = defaultdict(list)
    for tip, group in groups.items():
        members[group].append(tip)
    found = {
        group: frozenset(tips) in clades
        for group, tips in sorted(members.items())
        if 1 < len(tips) < len(groups)
    }
    return pd.Series(found, dtype=bool)


def score_monophyly(tree: TreeNode, groups: pd.Series, *, seed: int) -> list[dict]:
    """Score how many groups of the rank above are clades of a rooted tree.

    Where the root is the midpoint, it may fall into a group and part it.

    Parameters
    ----------
    tree
        Rooted; tips are taxa.
    groups
        Taxon of the rank above, index taxon; gaps are null. Taxa without a group are taken out
        of the tree first.
    seed
        Of the shuffles.

    Returns
    -------
    list of dict
        Evaluator monophyly, metric monophyletic, value (share of groups with two taxa or more),
        n (groups), part, n_permutations: the score with p, the share of shuffled trees that do
        as well; and its null shuffled_tips, mean and 95 % range over 999 shuffles of the tips.
        Nothing where no group can be tested.
    """
    placed = groups.reindex(sorted(tip.name for tip in tree.tips())).dropna()
    if len(placed) < 3:
        return []
    parts = clades(tree.shear(placed.index))
    found = monophyletic(parts, placed)
    if found.empty:
        return []
    rng = np.random.default_rng(seed)
    null = np.array([
        monophyletic(parts, pd.Series(rng.permutation(placed.to_numpy()), placed.index)).mean()
        for _ in range(SHUFFLES)
    ])  # fmt: skip
    shared = {"evaluator": "monophyly", "metric": "monophyletic", "part": "taxa"}
    shared |= {"n": len(found), "n_permutations": SHUFFLES}
    value = float(found.mean())
    p = float((1 + np.sum(null >= value)) / (SHUFFLES + 1))
    low, high = (float(limit) for limit in np.percentile(null, [2.5, 97.5]))
    return [
        shared | {"value": value, "p": p},
        shared
        | {
            "role": EXPECTED,
            "against": "shuffled_tips",
            "value": float(null.mean()),
            "ci_low": low,
            "ci_high": high,
        },
    ]
