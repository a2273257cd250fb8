"""Nulls of held-out scores: what is permuted or dealt, and among which taxa.

Permuted bags: the bags of images change places among the taxa, and all is done again, fits
included. What is left of the agreement is what guidance gives to any bags. But a bag takes its
size along: large bags have vectors with less noise and look alike, so that where taxa with many
images are also relatives, this null alone rejects without any signal.

Dealt specimens: specimens are dealt to the taxa at random, as many to each as it has, and all is
done again: what is left is what the numbers of images give.

Of the steps in `visgen.distances.steps`, both change places within the groups of a rank only: what
is left is what the groups give.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from visgen.distances.deals import deal_specimens
from visgen.distances.steps import STEPS
from visgen.embedding.folds import kinds_of
from visgen.embedding.guidance.bags import Bags
from visgen.embedding.held_out.scoring import NULLS, Fold, score_folds
from visgen.embedding.held_out.within import NULLS_WITHIN, WITHIN, score_within, step_groups


class Question(NamedTuple):
    """What refits are made for.

    Attributes
    ----------
    step
        One of `visgen.distances.steps.STEPS`; None for agreement beyond chance.
    nulls
        Names of permuted bags and dealt specimens.
    groups
        (n_taxa,): bags and specimens change places within these.
    kinds
        Kinds of held-out taxa that can be scored.
    """

    step: str | None
    nulls: tuple[str, str]
    groups: np.ndarray
    kinds: list[str]

    def scores(self, folds: Sequence[Fold]) -> dict[tuple[str, str], float]:
        """Return what is asked, by part and metric."""
        if self.step is None:
            return score_folds(folds)
        return {WITHIN[self.step]: score_within(folds, self.groups)}


def beyond_chance(folds: pd.DataFrame) -> Question:
    """Return the question of agreement beyond chance: all taxa are one group.

    Parameters
    ----------
    folds
        As `visgen.embedding.folds.deal_folds` returns them.
    """
    return Question(None, NULLS, np.zeros(len(folds), int), kinds_of(folds))


def beyond_ranks(distances: np.ndarray, folds: pd.DataFrame) -> list[Question]:
    """Return the questions of the steps that these taxa allow.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa), along the tree.
    folds
        In the same order, as `visgen.embedding.folds.deal_folds` returns them.

    Returns
    -------
    list of Question
        None of a step where no kind of held-out taxa leaves anything of the distances within
        groups: where each group is one taxon, say, or whole groups are held out.
    """
    questions = []
    for step, groups in step_groups(folds).items():
        kinds = []
        for kind in kinds_of(folds):
            numbers = range(1, int(folds[kind].max()) + 1)
            held_out = [(folds[kind] == number).to_numpy(bool) for number in numbers]
            itself = [Fold(distances, distances, held) for held in held_out]
            if not np.isnan(score_within(itself, groups)):
                kinds.append(kind)
        if kinds:
            questions.append(Question(step, NULLS_WITHIN[step], groups, kinds))
    return questions


def permuted_bags(
    question: Question, permutations: int, seed: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield numbers and orders: bag i takes the place in the tree, and the folds, of order[i]."""
    rng = np.random.default_rng(_stream(question, seed, 2))
    groups = question.groups
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    for number in _counted(permutations, question.nulls[0]):
        order = np.arange(len(groups))
        for taxa in members:
            order[taxa] = rng.permutation(taxa)
        yield number, order


def dealt_specimens(
    question: Question, images: Bags, specimens: pd.Series, permutations: int, seed: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield numbers and images: place i in the bags goes to the image at the i-th number."""
    # By row, since a table may have several repeats of an image.
    taxa = pd.Series(np.repeat(images.taxa, images.sizes))
    individuals = pd.Series(specimens.loc[images.ids.get_level_values("id")].to_numpy())
    views = None if images.views is None else pd.Series(images.views)
    groups = pd.Series(question.groups, list(images.taxa))
    rng = np.random.default_rng(_stream(question, seed, 3))
    for number in _counted(permutations, question.nulls[1]):
        dealt = deal_specimens(taxa, individuals, rng, views, groups).to_numpy()
        yield number, np.argsort(dealt, kind="stable")


def _stream(question: Question, seed: int, null: int) -> list[int]:
    """Return the seed of a null's draws; each step has its own."""
    return [seed, null] if question.step is None else [seed, null, 1 + STEPS.index(question.step)]


def _counted(n: int, null: str) -> Iterator[int]:
    return iter(tqdm(range(1, n + 1), desc=null.replace("_", " "), mininterval=5))
