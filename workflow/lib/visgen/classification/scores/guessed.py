"""What scores need to know of a study, and which of its images they count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import pandas as pd

from visgen.classification.evaluators import (
    ALL_RANKS,
    INDEPENDENT,
    JOINT,
    LEAST_COST,
    MARGINAL,
    ROLLED_UP,
)
from visgen.classification.lineages.answering import JointAnswers, answer_jointly, rank_tables
from visgen.classification.scores.guesses import guesses
from visgen.classification.scores.lineages import roll_up
from visgen.classification.scores.tempering import temper
from visgen.distances.taxon_distances import taxon_distances
from visgen.scikit_bio import DistanceMatrix
from visgen.specimens.splits import calibrates, finest_usable_rank
from visgen.specimens.taxonomy import lineage

#: Guesses of one classifier by (seed, rank, evaluator).
Guesses = dict[tuple[int, str, str], pd.DataFrame]


@dataclass(frozen=True)
class Study:
    """What scores need to know of a study beside the predictions.

    Attributes
    ----------
    specimens
        Index id; the ranks and specimen.
    ranks
        All ranks, coarse to fine.
    distances
        Between taxa of `tree_rank`; None without a tree.
    tree_rank
        Rank of the tips.
    lineages
        By rank: the taxa above each taxon.
    """

    specimens: pd.DataFrame
    ranks: Sequence[str]
    distances: DistanceMatrix | None = None
    tree_rank: str | None = None
    lineages: dict[str, pd.DataFrame] = field(init=False)

    def __post_init__(self):
        found = {rank: lineage(self.specimens, self.ranks, rank) for rank in self.ranks}
        object.__setattr__(self, "lineages", found)

    def distances_at(self, rank: str) -> pd.DataFrame | None:
        """Return phylogenetic distances between the taxa of a rank; None without a tree."""
        if self.distances is None:
            return None
        return taxon_distances(self.distances, self.specimens, self.ranks, self.tree_rank, rank)


def collect_guesses(
    predictions: Iterable[tuple[tuple[int, str], pd.DataFrame]],
    training: pd.DataFrame,
    study: Study,
    *,
    derived: bool = True,
) -> tuple[Guesses, list[dict]]:
    """Reduce one classifier's predictions to guesses: its own, joint ones, and those rolled up.

    Parameters
    ----------
    predictions
        Pairs of (seed, rank) and table, seeds in turn.
    training
        Columns seed, rank, n_images, n_specimens, as `visgen.classification.classifiers.ranks`
        makes them.
    derived
        Whether ranks are asked together; probabilities of a baseline say nothing of the images.

    Returns
    -------
    guesses : dict
        By (seed, rank, evaluator). Joint are all ranks, where there are two or more
        (`visgen.classification.lineages.answering`). Rolled up are the ranks above the finest one
        at which most training images are of taxa with three specimens or more, with tempered
        probabilities.
    fitted : list of dict
        evaluator, rank, seed, part (``val``), metric, value, ci_low, ci_high, n: the temperature
        of each rank that was rolled up; of joint answers the share of each rank (``weight``) and
        the temperature, whose rank is ``all``.
    """
    found: Guesses = {}
    fitted = []
    for seed, group in groupby(predictions, key=lambda pair: pair[0][0]):
        tables = {rank: table for (_, rank), table in group}
        classified = [rank for rank in study.ranks if rank in tables]
        finest = None
        if derived and len(classified) > 1:
            answers = answer_jointly(
                {rank: tables[rank] for rank in classified},
                study.lineages,
                study.specimens["specimen"],
            )
            fitted += [{"seed": seed} | row for row in score_weights(answers)]
            for evaluator, named in (
                (JOINT, answers.best),
                (LEAST_COST, answers.cheapest),
                (MARGINAL, None),
            ):
                for rank, table in rank_tables(answers, tables, named).items():
                    found[seed, rank, evaluator] = guesses(table)
        if derived:
            finest = finest_usable_rank(training[training["seed"] == seed], classified)
        if finest is not None:
            odds, scores = temper(tables[finest], study.specimens["specimen"])
            labels = {"evaluator": ROLLED_UP, "rank": finest, "seed": seed}
            fitted += [labels | score for score in scores]
        for rank in classified:
            found[seed, rank, INDEPENDENT] = guesses(tables[rank])
            if finest is not None and study.ranks.index(rank) < study.ranks.index(finest):
                above = study.lineages[finest][rank]
                rolled = roll_up(odds, tables[rank], above)
                found[seed, rank, ROLLED_UP] = guesses(rolled)
    return found, fitted


def score_weights(answers: JointAnswers) -> list[dict]:
    """Return how much each rank counts in joint answers, and their temperature, as scores.

    Returns
    -------
    list of dict
        evaluator, part, rank, metric, value, ci_low, ci_high, n (validation specimens).
    """
    weights = answers.weights
    shared = {"evaluator": JOINT, "part": "val", "ci_low": np.nan, "ci_high": np.nan}
    shared["n"] = weights.n
    rows = [
        {"rank": rank, "metric": "weight", "value": float(share)}
        for rank, share in zip(answers.lineages.ranks, weights.shares, strict=True)
    ]
    rows.append({"rank": ALL_RANKS, "metric": "temperature", "value": weights.temperature})
    return [shared | row for row in rows]


def scored_images(table: pd.DataFrame, study: Study, part: str) -> pd.DataFrame:
    """Return the images of a part that can be scored: those whose taxon was trained on.

    Of the validation part only the half that may choose: the other one calibrates.
    """
    chosen = (table["part"] == part) & (table["n_level"] > 0)
    if part == "val":
        specimens = study.specimens["specimen"].loc[table["id"]]
        chosen &= ~calibrates(specimens).to_numpy()
    return table[chosen]
