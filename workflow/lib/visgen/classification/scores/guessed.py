"""What scores need to know of a study, and which of its images they count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import pandas as pd

from visgen.classification.scores.evaluators import INDEPENDENT, ROLLED_UP
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
    rolled_up: bool = True,
) -> tuple[Guesses, list[dict]]:
    """Reduce one classifier's predictions to guesses, its own and those rolled up.

    Parameters
    ----------
    predictions
        Pairs of (seed, rank) and table, seeds in turn.
    training
        Columns seed, rank, n_images, n_specimens, as `visgen.classification.classifiers.ranks`
        makes them.
    rolled_up
        Whether probabilities are rolled up; those of a baseline say nothing of the images.

    Returns
    -------
    guesses : dict
        By (seed, rank, evaluator). Rolled up are the ranks above the finest one at which most
        training images are of taxa with three specimens or more, with tempered probabilities.
    temperatures : list of dict
        evaluator, rank, seed and the keys of
        `visgen.classification.confidence.temperature.score_temperature`: by what the probabilities
        of each rank that was rolled up were tempered.
    """
    found: Guesses = {}
    temperatures = []
    for seed, group in groupby(predictions, key=lambda pair: pair[0][0]):
        tables = {rank: table for (_, rank), table in group}
        classified = [rank for rank in study.ranks if rank in tables]
        finest = None
        if rolled_up:
            finest = finest_usable_rank(training[training["seed"] == seed], classified)
        if finest is not None:
            odds, scores = temper(tables[finest], study.specimens["specimen"])
            labels = {"evaluator": ROLLED_UP, "rank": finest, "seed": seed}
            temperatures += [labels | score for score in scores]
        for rank in classified:
            found[seed, rank, INDEPENDENT] = guesses(tables[rank])
            if finest is not None and study.ranks.index(rank) < study.ranks.index(finest):
                above = study.lineages[finest][rank]
                rolled = roll_up(odds, tables[rank], above)
                found[seed, rank, ROLLED_UP] = guesses(rolled)
    return found, temperatures


def scored_images(table: pd.DataFrame, study: Study, part: str) -> pd.DataFrame:
    """Return the images of a part that can be scored: those whose taxon was trained on.

    Of the validation part only the half that may choose: the other one calibrates.
    """
    chosen = (table["part"] == part) & (table["n_level"] > 0)
    if part == "val":
        specimens = study.specimens["specimen"].loc[table["id"]]
        chosen &= ~calibrates(specimens).to_numpy()
    return table[chosen]
