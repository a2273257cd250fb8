"""Sets of lineages, flat ones and nodes of the taxonomy, and how deep they name."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.confidence.conformal_sets import allowed_ranks, threshold
from visgen.classification.confidence.mean_coverage import Deal
from visgen.classification.confidence.node_sets import (
    Paths,
    labels_outside,
    node_paths,
    node_ranks,
    node_scores,
)
from visgen.classification.confidence.redeals import Redealt, ask_redealt, redeal
from visgen.classification.confidence.set_coverage import (
    Strangeness,
    mean_with_interval,
    score_strangeness,
    share_with_wilson,
)
from visgen.classification.lineages.answering import JointAnswers
from visgen.classification.lineages.known import Lineages
from visgen.specimens.splits import calibrates

#: Evaluators of sets of one pool, and of those of head and tail apart.
FLAT, NODES = ("conformal", "mondrian"), ("conformal_nodes", "mondrian_nodes")


_ENDS = ("value", "ci_low", "ci_high", "n")


class Specimens(NamedTuple):
    """One image a specimen, of those that sets of lineages can be judged by.

    Attributes
    ----------
    rows
        (n,) places of the images among the answers.
    code
        (n,) numbers of the specimens, which mean the same in every seed.
    lineage
        (n,) number of the true lineage; −1 where it is none that can be named.
    """

    rows: np.ndarray
    code: np.ndarray
    lineage: np.ndarray

    def select(self, chosen: np.ndarray) -> "Specimens":
        """Return some of the specimens."""
        return Specimens(*(values[chosen] for values in self))


def true_lineages(truth: np.ndarray, lineages: Lineages) -> np.ndarray:
    """Return the lineage of each image.

    Parameters
    ----------
    truth
        (n_images, n_ranks) number of the true taxon; −1 where it is not known or cannot be named.

    Returns
    -------
    ndarray
        (n_images,) the lineage that ends at the finest taxon known; −1 where that taxon has finer
        ones, so that it could be any of several.
    """
    ends = lineages.places.shape[1] - 1 - (lineages.places[:, ::-1] >= 0).argmax(axis=1)
    found = np.full(len(truth), -1)
    finest = truth.shape[1] - 1 - (truth[:, ::-1] >= 0).argmax(axis=1)
    for r in range(truth.shape[1]):
        leaves = np.flatnonzero(ends == r)
        number = pd.Series(leaves, lineages.places[leaves, r])
        here = (finest == r) & (truth[:, r] >= 0)
        found[here] = number.reindex(truth[here, r]).fillna(-1).to_numpy().astype(int)
    return found


def pick_specimens(
    answers: JointAnswers, labelled: np.ndarray, specimens: pd.Series
) -> tuple[Specimens, Specimens]:
    """Return calibration and test specimens, each with its first image by id.

    Parameters
    ----------
    labelled
        (n_images, n_ranks) whether the true taxon is known.
    specimens
        Specimen of each image, index id.

    Returns
    -------
    calibration
        Of the half of validation that calibrates; all have a lineage.
    test
        With a lineage, with a taxon at every rank, or with a finest one that cannot be named, so
        that it is of no lineage, whatever its finer taxa are.
    """
    lineage = true_lineages(answers.truth, answers.lineages)
    names = specimens.loc[answers.labels["id"]]
    code = pd.Index(np.sort(specimens.unique())).get_indexer(names)
    part, half = answers.labels["part"].to_numpy(), calibrates(names).to_numpy()
    finest = labelled.shape[1] - 1 - labelled[:, ::-1].argmax(axis=1)
    unnamed = labelled.any(axis=1) & (answers.truth[np.arange(len(finest)), finest] < 0)
    order = np.argsort(answers.labels["id"].to_numpy(), kind="stable")

    def first_of(chosen: np.ndarray) -> Specimens:
        rows = order[chosen[order]]
        rows = rows[np.sort(np.unique(code[rows], return_index=True)[1])]
        return Specimens(rows, code[rows], lineage[rows])

    return (
        first_of((part == "val") & half & (lineage >= 0)),
        first_of((part == "test") & ((lineage >= 0) | labelled.all(axis=1) | unnamed)),
    )


class LineageSets:
    """Flat sets and nodes of one classifier and seed, calibrated and tested.

    Parameters
    ----------
    answers, labelled, specimens
        As for `pick_specimens`.
    in_tail
        (n_lineages,) whether the finest taxon of a lineage is rare.
    confidence
        Share of specimens whose set should hold the truth.
    """

    def __init__(
        self,
        answers: JointAnswers,
        labelled: np.ndarray,
        specimens: pd.Series,
        in_tail: np.ndarray,
        confidence: float,
    ):
        self.answers, self.labelled = answers, labelled
        self.in_tail, self.confidence = in_tail, confidence
        self.calibration, self.test = pick_specimens(answers, labelled, specimens)

    def paths(self, rows: np.ndarray) -> Paths:
        """Return the nodes above the most probable lineage of some images."""
        answers = self.answers
        return node_paths(answers.probabilities[rows], answers.best[rows], answers.lineages)

    def strangeness(self, picked: Specimens, names: tuple[str, str]) -> Strangeness:
        """Return the conformal scores of specimens, for flat sets or for nodes."""
        known = picked.lineage >= 0
        if names == FLAT:
            candidates = -self.answers.probabilities[picked.rows]
            unknown = np.full(len(known), np.inf)
        else:
            paths = self.paths(picked.rows)
            candidates = node_scores(paths, self.answers.lineages)
            truth, labelled = self.answers.truth[picked.rows], self.labelled[picked.rows]
            unknown = labels_outside(paths, truth, labelled, self.answers.lineages)
        own = candidates[np.arange(len(known)), picked.lineage]
        return Strangeness(np.where(known, own, unknown), picked.lineage, candidates)

    def score(self, names: tuple[str, str], seed: int) -> tuple[list[dict], list[dict]]:
        """Score coverage and size, as `score_strangeness`."""
        return score_strangeness(
            self.strangeness(self.calibration, names),
            self.strangeness(self.test, names),
            self.in_tail,
            names=names,
            united=names == NODES,
            confidence=self.confidence,
            seed=seed,
        )

    def deal(self, group: np.ndarray) -> Deal:
        """Return the split as a deal of the test specimens whose lineage calibrated."""
        lineage = self.test.lineage
        test = self.test.select((lineage >= 0) & np.isin(lineage, self.calibration.lineage))
        return Deal(
            self.calibration.code,
            group[self.calibration.lineage],
            test.code,
            group[test.lineage],
        )

    def redealt(self, names: tuple[str, str], group: np.ndarray, seed: int) -> list[Redealt]:
        """Return what sets hold when calibration and test specimens are dealt anew.

        A specimen that a given split has in both parts is dealt once, as one that calibrated.
        """
        both = np.isin(self.test.code, self.calibration.code)
        known = self.test.select((self.test.lineage >= 0) & ~both)
        pool = Specimens(*map(np.concatenate, zip(self.calibration, known, strict=True)))
        scores = self.strangeness(pool, names)
        return ask_redealt(
            scores,
            pool.code,
            redeal(scores, pool.code, len(self.calibration.rows), seed),
            group,
            united=names == NODES,
            confidence=self.confidence,
        )

    def limit(self, apart: bool) -> float:
        """Return the score up to which a node holds lineages; infinity: nothing can be named.

        Parameters
        ----------
        apart
            Whether the promise is to hold for head and tail each; else for all together.
        """
        own = self.strangeness(self.calibration, NODES).own
        if not apart:
            return threshold(own, self.confidence)
        rare = self.in_tail[self.calibration.lineage]
        return max(threshold(own[rare], self.confidence), threshold(own[~rare], self.confidence))

    def can_be_apart(self) -> bool:
        """Tell whether head and tail both have enough calibration specimens."""
        rare = self.in_tail[self.calibration.lineage]
        return all(
            allowed_ranks(int(members.sum()), self.confidence) > 0 for members in (rare, ~rare)
        )

    def flat_ranks(self, limit: float) -> np.ndarray:
        """Return the finest rank at which all lineages of a flat set agree.

        Returns
        -------
        ndarray
            (n_test,) number of the rank; −1 where they agree at none, NaN where a set is empty.
        """
        sets = -self.answers.probabilities[self.test.rows] <= limit
        lineages = self.answers.lineages
        finest = np.where(sets.any(axis=1), -1.0, np.nan)
        for r in range(len(lineages.ranks)):
            place = np.where(sets, lineages.places[None, :, r], -2)
            high = place.max(axis=1)
            low = np.where(sets, place, high[:, None]).min(axis=1)
            finest = np.where((low == high) & (high >= 0), r, finest)
        return finest

    def flat_sizes(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of lineages in the flat set of images, calibrated in one pool."""
        limit = threshold(self.strangeness(self.calibration, FLAT).own, self.confidence)
        return (-self.answers.probabilities[rows] <= limit).sum(axis=1)

    def score_depth(self, seed: int) -> list[dict]:
        """Score how deep sets name, and how often the name that a node gives is right.

        Returns
        -------
        list of dict
            evaluator, rank, metric, value, ci_low, ci_high, n (test specimens): ``depth``, the
            mean number of ranks that a set names (of rank ``all``; of a flat set: at which its
            lineages agree, empty sets left out); of nodes at each rank ``named``, the share of
            specimens that get a name there, and ``named_accuracy``, the share of these whose name
            is right.
        """
        lineages, rows = self.answers.lineages, []
        if len(self.test.rows) == 0 or self.limit(False) == np.inf:
            return []
        own = self.strangeness(self.calibration, FLAT).own
        flat = self.flat_ranks(threshold(own, self.confidence)) + 1
        rows.append(_mean_row(FLAT[0], "depth", flat[~np.isnan(flat)], seed))
        paths, truth = self.paths(self.test.rows), self.answers.truth[self.test.rows]
        for name, apart in zip(NODES, (False, True), strict=True):
            if apart and not self.can_be_apart():
                continue
            finest = node_ranks(paths, self.limit(apart), lineages)
            rows.append(_mean_row(name, "depth", finest + 1.0, seed))
            for r, rank in enumerate(lineages.ranks):
                place = lineages.places[paths.best, r]
                named = (finest >= r) & (place >= 0)
                judged = named & self.labelled[self.test.rows, r]
                right = (place == truth[:, r])[judged]
                for metric, values in (("named", named), ("named_accuracy", right)):
                    if len(values):
                        row = {"evaluator": name, "rank": rank, "metric": metric}
                        ends = share_with_wilson(values)
                        rows.append(row | dict(zip(_ENDS, ends, strict=True)))
        return rows


def tail_lineages(lineages: Lineages, n_train: Mapping[str, pd.Series], tail: int) -> np.ndarray:
    """Return whether the finest taxon of each lineage has few training images, (n_lineages,).

    Parameters
    ----------
    n_train
        By rank: training images of each taxon, index taxon.
    tail
        Taxa with fewer are the tail.
    """
    n_images = np.zeros(len(lineages))
    for r, rank in enumerate(lineages.ranks):  # finer ranks overwrite coarser ones
        named = lineages.places[:, r] >= 0
        n_images[named] = n_train[rank].loc[lineages.names[rank][named]].to_numpy()
    return n_images < tail


def _mean_row(evaluator: str, metric: str, values: np.ndarray, seed: int) -> dict:
    ends = (np.nan,) * 3
    if len(values):
        ends = mean_with_interval(values, np.arange(len(values)), seed)
    row = {"evaluator": evaluator, "metric": metric}
    return row | dict(zip(_ENDS, (*ends, len(values)), strict=True))
