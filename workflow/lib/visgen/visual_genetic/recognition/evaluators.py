"""The ways to recognise an image: their names, in tables of scores and in words."""

import re

import pandas as pd

#: By the softmax head, and by the nearest anchor.
HEAD, ANCHOR = "head", "anchor"
#: By a vote of nearest images: how the names of these evaluators begin, and the evaluator and
#: metric of the score that says how many vote.
KNN, NEIGHBOURS = "knn", "neighbours"


def by_neighbours(k: int) -> str:
    """Return the name of the vote of the k nearest images.

    >>> by_neighbours(5)
    'knn_5'
    """
    return f"{KNN}_{k}"


def neighbours_of(evaluator: str) -> int | None:
    """Return how many nearest images vote; None where an image is recognised in another way.

    >>> neighbours_of("knn_5")
    5
    """
    found = re.fullmatch(rf"{KNN}_(\d+)", evaluator)
    return int(found[1]) if found else None


def chosen_evaluator(scores: pd.DataFrame) -> str:
    """Return the vote of as many neighbours as were chosen on validation.

    Parameters
    ----------
    scores
        Columns of the contract, of this experiment; over seeds or not.

    Raises
    ------
    ValueError
        If there is not one number of neighbours.
    """
    found = _choice(scores)["value"].tolist()
    if len(found) != 1:
        raise ValueError(f"scores of recognition: found {len(found)} numbers of neighbours, not 1")
    return by_neighbours(int(found[0]))


def is_validated(scores: pd.DataFrame) -> bool:
    """Return whether the number of neighbours could be chosen on validation."""
    return bool((_choice(scores)["n"] > 0).any())


def _choice(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[scores[["evaluator", "metric"]].eq([KNN, NEIGHBOURS]).all(axis=1)]


def evaluator_in_words(evaluator: str) -> str:
    """Say how an image is recognised.

    >>> evaluator_in_words("knn_5")
    '5 nearest images'
    """
    if (k := neighbours_of(evaluator)) is not None:
        return "the nearest image" if k == 1 else f"{k} nearest images"
    return {HEAD: "the softmax head", ANCHOR: "the nearest anchor"}[evaluator]
