"""How evenly taxa are spaced, and whether relatives stand next to each other."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.distances.matrices import cosine_distances
from visgen.metrics import EXPECTED

EXPERIMENT = "spaces"
#: The nulls: directions drawn at random, and groups dealt to the taxa anew.
RANDOM_DIRECTIONS, DEALT_GROUPS = "random_directions", "dealt_groups"
#: Fewer taxa than this have no spacing.
MIN_TAXA = 3
DRAWS, PERMUTATIONS = 199, 999
_TIED = 1e-12  # distances closer than this are equal: rounding must not break ties


def score_spaces(
    spaces: Mapping[str, pd.DataFrame],
    groups: pd.Series,
    *,
    variants: tuple[str, str],
    anchors: str,
    split_seed: int,
    seed: int,
) -> list[dict]:
    """Score the spacing of taxa in each space.

    Parameters
    ----------
    spaces
        As `visgen.visual_genetic.spaces.read_spaces` returns them.
    groups, seed
        As in `score_space`.
    variants
        Before and after alignment.
    anchors
        Name of the set of anchors.
    split_seed
        Seed of the split whose test images these are.

    Returns
    -------
    list of dict
        As `score_space` returns them, with the labels of the contract.
    """
    before, after = variants
    of_images = {"part": "test", "seed": split_seed}
    made_of = {
        "visual": {"variant": before} | of_images,
        "genetic": {"anchors": anchors},
        "joint": {"variant": after, "anchors": anchors} | of_images,
    }
    return [
        {"experiment": EXPERIMENT, "evaluator": space} | made_of[space] | row
        for space, vectors in spaces.items()
        for row in score_space(vectors, groups, seed)
    ]


def score_space(vectors: pd.DataFrame, groups: pd.Series, seed: int) -> list[dict]:
    """Score the spacing of taxa by cosine distances, each score with what its null gives.

    Parameters
    ----------
    vectors : DataFrame, (n_taxa, size)
        Centroids or anchors, taxon names as index.
    groups : Series
        The group (taxon of the rank above) of each taxon, taxon names as index, gaps null.
    seed : int
        Of random directions and deals.

    Returns
    -------
    list of dict
        metric, value, n (taxa), and role, against, ci_low, ci_high, p, n_permutations where a row
        has them. ``evenness`` as `evenness` has it, beside it its mean over `DRAWS` sets of random
        directions with the range of 95 % of them; ``nearest_same_group`` as `nearest_same_group`
        has it, over the taxa whose group has another taxon here, with p over `PERMUTATIONS` deals
        of the groups to the taxa, and beside it what is expected of a deal, which is computed.
        What cannot be told has no row: either of fewer than `MIN_TAXA` taxa, evenness where all
        distances are zero, the share where no group has two taxa or all taxa are of one.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict] = []
    if len(vectors) >= MIN_TAXA:
        distances = cosine_distances(vectors).data
        if distances.max() > _TIED:
            null = random_evenness(*vectors.shape, DRAWS, rng)
            low, high = np.percentile(null, [2.5, 97.5])
            score = {"metric": "evenness", "n": len(vectors)}
            rows.append(score | {"value": evenness(distances)})
            rows.append(
                score
                | {"role": EXPECTED, "against": RANDOM_DIRECTIONS, "value": float(null.mean())}
                | {"ci_low": float(low), "ci_high": float(high), "n_permutations": DRAWS}
            )
    placed = groups.reindex(vectors.index).dropna()
    sizes = placed.map(placed.value_counts())
    if len(placed) >= MIN_TAXA and len(set(placed)) > 1 and (sizes > 1).any():
        near = nearest_taxa(cosine_distances(vectors.loc[placed.index]).data)
        codes = pd.factorize(placed)[0]
        value = nearest_same_group(near, codes)
        dealt = [nearest_same_group(near, rng.permutation(codes)) for _ in range(PERMUTATIONS)]
        as_many = int((np.array(dealt) >= value - _TIED).sum())
        score = {"metric": "nearest_same_group", "n": int((sizes > 1).sum())}
        tested = {"p": (1 + as_many) / (1 + PERMUTATIONS), "n_permutations": PERMUTATIONS}
        expected = float((sizes[sizes > 1] - 1).mean() / (len(placed) - 1))
        rows.append(score | {"value": value} | tested)
        rows.append(score | {"role": EXPECTED, "against": DEALT_GROUPS, "value": expected})
    return rows


def evenness(distances: np.ndarray) -> float:
    """Return the mean distance to the nearest taxon as a share of the mean distance of all pairs.

    1 where all taxa are equally far from each other, near 0 where they stand in tight clusters far
    apart. Like Clark and Evans's ratio (1954) it compares nearest neighbours with what there is
    of room; the room is measured by all pairs, so that it needs no area and no density, and the
    scale of the distances drops out. The coefficient of variation of nearest neighbours would
    call pairs of near twins even, since all nearest ones are equally near there.

    Parameters
    ----------
    distances : ndarray, (n_taxa, n_taxa)
        Two taxa at least, not all distances zero.
    """
    off = distances[~np.eye(len(distances), dtype=bool)].reshape(len(distances), -1)
    return float(off.min(axis=1).mean() / off.mean())


def random_evenness(n_taxa: int, size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return the evenness of as many directions of as many values, drawn uniformly.

    It depends on both numbers: directions in a plane are uneven by chance, those of many values
    nearly at right angles, so that all are equally far. The null is one for images and for anchors,
    which have no images. Taxa dealt to the images anew would be none: their centroids all lie near
    the mean of all images, the farther the fewer they are of, and their evenness would tell how
    many images taxa have.

    Parameters
    ----------
    n_taxa, size
        Number of directions, and of their values.
    draws
        Number of sets.
    rng
        Of the draws.

    Returns
    -------
    ndarray, (draws,)
    """
    found = np.empty(draws)
    for draw in range(draws):
        vectors = rng.normal(size=(n_taxa, size))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        found[draw] = evenness(1 - vectors @ vectors.T)
    return found


def nearest_taxa(distances: np.ndarray) -> pd.DataFrame:
    """Return who stands nearest to each taxon.

    Parameters
    ----------
    distances : ndarray, (n_taxa, n_taxa)
        Two taxa at least.

    Returns
    -------
    DataFrame
        taxon, nearest (places) and share: of equally near ones each has a part of 1.
    """
    far = distances + np.diag(np.full(len(distances), np.inf))
    is_nearest = far <= far.min(axis=1, keepdims=True) + _TIED
    taxon, nearest = np.nonzero(is_nearest)
    share = 1 / is_nearest.sum(axis=1)[taxon]
    return pd.DataFrame({"taxon": taxon, "nearest": nearest, "share": share})


def nearest_same_group(near: pd.DataFrame, codes: np.ndarray) -> float:
    """Return the share of taxa whose nearest taxon is of their group.

    Parameters
    ----------
    near : DataFrame
        As `nearest_taxa` returns it.
    codes : ndarray of int, (n_taxa,)
        The group of each taxon; those alone in their group cannot be right and are not asked.
    """
    same = codes[near["taxon"]] == codes[near["nearest"]]
    asked = (np.bincount(codes)[codes] > 1).sum()
    return float(near["share"].to_numpy()[same].sum() / asked)
