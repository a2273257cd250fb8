"""Neighbour joining with a bootstrap over the columns of the alignment."""

from collections import Counter
from collections.abc import Sequence as Listed

import numpy as np

from visgen.genetics.sequences.accepted import Sequence
from visgen.genetics.trees.sequence_distances import check_defined, sequence_distances
from visgen.genetics.trees.taxon_tree import collapse_unresolved
from visgen.scikit_bio import TreeNode, nj


def neighbour_joining(
    alignment: Listed[Sequence], model: str, bootstraps: int, seed: int
) -> tuple[TreeNode, dict[str, object]]:
    """Infer an unrooted tree by neighbour joining (Saitou & Nei 1987).

    Negative branch lengths are set to zero. The support of a branch is the share of bootstrap
    trees (Felsenstein 1985) that have it, in per cent; a branch without length is in none of them,
    since it follows from the order of the sequences alone. A bootstrap sample in which a pair is
    saturated or shares no site has no tree and is left out of the share.

    Parameters
    ----------
    alignment
        At least four sequences.
    model : {"p", "JC69", "K2P"}
        Of the distances.
    bootstraps
        Number of samples of columns; 0 for a tree without supports.
    seed
        Of the samples.

    Returns
    -------
    tree
        Tips are names of sequences, supports in the attribute ``support``.
    facts
        bootstraps_used: samples that gave a tree.

    Raises
    ------
    ValueError
        If a distance is not defined, or no bootstrap sample gives a tree.
    """
    distances = sequence_distances(alignment, model)
    check_defined(distances.redundant_form(), alignment)
    tree = nj(distances)
    columns = np.array([list(one.bases.encode()) for one in alignment], dtype=np.uint8)
    rng = np.random.default_rng(seed)
    found: Counter[frozenset[str]] = Counter()
    used = 0
    for _ in range(bootstraps):
        drawn = columns[:, rng.integers(columns.shape[1], size=columns.shape[1])]
        sample = [
            one._replace(bases=row.tobytes().decode())
            for one, row in zip(alignment, drawn, strict=True)
        ]
        resampled = sequence_distances(sample, model)
        if not np.isnan(resampled.condensed_form()).any():
            other = nj(resampled)
            collapse_unresolved(other)
            found.update(other.biparts())
            used += 1
    if bootstraps and not used:
        raise ValueError(
            f"none of {bootstraps} bootstrap samples has all its distances: some pairs share too "
            "few sites or are too far apart; leave out short sequences"
        )
    if used:
        for node in tree.non_tips():
            node.support = 100 * found[node.bipart()] / used
    return tree, {"bootstraps_used": used}
