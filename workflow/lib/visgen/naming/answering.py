"""The answer for each specimen: what it is, how sure that is, and what it looks like."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.confidence.node_sets import node_paths, node_ranks
from visgen.classification.lineages.joint import marginals
from visgen.classification.lineages.known import Lineages
from visgen.naming.candidate_looks import score_candidates
from visgen.naming.candidates import told_candidates
from visgen.naming.model import NamingModel, nearest_in
from visgen.naming.novelty import KNOWN, NEW, NO_SUCH, novelty_scores
from visgen.naming.odds import lineage_odds
from visgen.naming.parts import Said, ask
from visgen.naming.relatives import Placement, interval_of, nearest_tip
from visgen.naming.restriction import restrict
from visgen.naming.verdicts import verdicts

#: Known specimens that are shown beside a new one.
NEAREST = 5
#: Lineages of a set that are written out; the number of all stands beside.
_WRITTEN = 20


class Asked(NamedTuple):
    """How specimens are asked about.

    Attributes
    ----------
    confidence
        Share of specimens of known taxa whose set should hold the truth.
    false_flags
        Share of them that may be called new.
    allowed
        (n_lineages,) bool, those that can occur; None for all.
    """

    confidence: float
    false_flags: float
    allowed: np.ndarray | None


class Answers(NamedTuple):
    """What is said of specimens, as arrays; `tabulate` writes it out.

    Attributes
    ----------
    said
        By the parts.
    odds
        (n, n_lineages) probabilities, of lineages that can occur.
    best
        (n,) most probable lineage.
    taken
        (n,) probability of lineages that cannot occur, before they were ruled out.
    node
        (n,) rank down to which the taxon is trusted; −1: not even at the coarsest. Novelty is in
        it: of a new genus no genus is trusted.
    in_set
        (n, n_lineages) bool, the flat set.
    verdict, p
        (n,) how new, in words, and the p-value of being known.
    """

    said: Said
    odds: np.ndarray
    best: np.ndarray
    taken: np.ndarray
    node: np.ndarray
    in_set: np.ndarray
    verdict: np.ndarray
    p: np.ndarray

    @property
    def novelty(self) -> np.ndarray:
        """Relative Mahalanobis distance of each specimen, (n,)."""
        return novelty_scores(self.said.to_taxa, self.said.to_all)


def answer(model: NamingModel, x: np.ndarray, images: np.ndarray, asked: Asked) -> Answers:
    """Name specimens.

    Parameters
    ----------
    model
        What names them.
    x
        (n_images, n_features) float32.
    images
        (n_images,) position of the specimen of each image, from 0 without gaps.
    asked
        How sure names are to be, and which can occur.
    """
    lineages, calibration = model.lineages, model.calibration
    said = ask(model.parts, x, images, lineages)
    odds = lineage_odds(said.logits, model.pooling, lineages)
    taken = np.zeros(len(odds))
    if asked.allowed is not None:
        odds, taken = restrict(odds, lineages, asked.allowed)
    best = odds.argmax(axis=1)
    paths = node_paths(odds, best, lineages)
    in_set = -odds <= calibration.flat_limits(asked.confidence)
    in_set[np.arange(len(best)), best] = True  # nothing is no answer, where odds are high
    if asked.allowed is not None:
        in_set &= asked.allowed
    scores = novelty_scores(said.to_taxa, said.to_all)
    verdict, p = verdicts(
        scores, said.to_all, calibration.novelty, calibration.strangers, asked.false_flags
    )
    # Of a specimen that is new, what is above is less sure than odds of known taxa say.
    limits = calibration.node_limits(asked.confidence) | {NO_SUCH: np.inf}
    limit = np.array([limits[KNOWN if word is None else word] for word in verdict])
    node = node_ranks(paths, limit[:, None], lineages)
    node = finest_named(best, np.minimum(node, deepest_rank(verdict, lineages.ranks)), lineages)
    return Answers(said, odds, best, taken, node, in_set, verdict, p)


def deepest_rank(verdict: np.ndarray, ranks: Sequence[str]) -> np.ndarray:
    """Return the number of the finest rank at which a specimen so new can have a known taxon.

    >>> deepest_rank(np.array(["known", "new genus", None, NO_SUCH], object), ["family", "genus"])
    array([ 1,  0,  1, -1])
    """
    deepest = {KNOWN: len(ranks) - 1, None: len(ranks) - 1, NO_SUCH: -1}
    deepest |= {NEW.format(rank): r - 1 for r, rank in enumerate(ranks)}
    return np.array([deepest[word] for word in verdict], int)


def finest_named(best: np.ndarray, rank: np.ndarray, lineages: Lineages) -> np.ndarray:
    """Return the finest rank, no finer than a given one, at which a lineage has a name.

    Parameters
    ----------
    best
        (n,) number of the lineage.
    rank
        (n,) number of the rank, coarse to fine; −1 for none.
    lineages
        All that can be named.

    Returns
    -------
    ndarray
        (n,) number of the rank; −1 where it has no name.
    """
    ranks = np.arange(len(lineages.ranks))
    named = (lineages.places[best] >= 0) & (ranks <= rank[:, None])
    return np.where(named, ranks, -1).max(axis=1)


def tabulate(
    model: NamingModel, answers: Answers, specimens: Sequence[str], asked: Asked
) -> pd.DataFrame:
    """Write out the answers, one row a specimen.

    Returns
    -------
    DataFrame
        specimen; trusted_rank and trusted_taxon, the deepest that is trusted (null: none);
        novelty, in words, and novelty_p and novelty_score; for each rank its taxon in the most
        probable lineage and ``p:<rank>``, its probability; set_size and set, the finest names of
        the lineages in the flat set, the most probable first (null: none is as probable as those
        that the set should hold are); ``nearest_1`` ... the labelled
        specimens that look most like it, with ``taxon_1`` ... and ``distance_1`` ... (1 − cosine);
        with a tree relative, the taxon in it that it looks most like, and relative_low and
        relative_high, between which its patristic distance to that one lies; where there are
        candidates, those of a specimen that is called new, the best first, and candidate_gain, the
        log odds of the first beyond the known taxon that fits best; ruled_out, the
        probability of taxa that cannot occur, where names are restricted.
    """
    lineages, rows = model.lineages, np.arange(len(answers.best))
    names = lineages.names.to_numpy(object)[answers.best]
    trusted = answers.node >= 0
    table = pd.DataFrame({
        "specimen": list(specimens),
        "trusted_rank": np.where(trusted, np.array(lineages.ranks, object)[answers.node], None),
        "trusted_taxon": np.where(trusted, names[rows, answers.node], None),
        "novelty": answers.verdict,
        "novelty_p": answers.p,
        "novelty_score": answers.novelty,
    })  # fmt: skip
    for r, (rank, odds) in enumerate(marginals(answers.odds, lineages).items()):
        place = lineages.places[answers.best, r]
        table[rank] = names[:, r]
        table[f"p:{rank}"] = np.where(place >= 0, np.minimum(odds[rows, place], 1), np.nan)
    table["set_size"] = answers.in_set.sum(axis=1)
    table["set"] = _sets(answers, lineages)
    positions, far = nearest_in(model.gallery, answers.said.looks, NEAREST)
    finest = finest_names(model.gallery.taxa)
    for k in range(positions.shape[1]):
        table[f"nearest_{k + 1}"] = model.gallery.taxa.index.to_numpy(object)[positions[:, k]]
        table[f"taxon_{k + 1}"] = finest[positions[:, k]]
        table[f"distance_{k + 1}"] = far[:, k]
    if model.placement is not None:
        table = table.assign(**_relatives(model, answers, asked.confidence))
    if model.candidates is not None:
        table = table.assign(**_candidates(model, answers))
    if asked.allowed is not None:
        table["ruled_out"] = answers.taken
    return table


def finest_names(taxa: pd.DataFrame) -> np.ndarray:
    """Return the name at the finest rank that has one, (n,), of columns coarse to fine."""
    named = taxa.notna().to_numpy()
    finest = named.shape[1] - 1 - named[:, ::-1].argmax(axis=1)
    return taxa.to_numpy(object)[np.arange(len(taxa)), finest]


def _sets(answers: Answers, lineages: Lineages) -> list[str | None]:
    finest = finest_names(lineages.names)
    found = []
    for odds, inside in zip(answers.odds, answers.in_set, strict=True):
        members = np.flatnonzero(inside)
        members = members[np.argsort(-odds[members], kind="stable")]
        more = len(members) - _WRITTEN
        text = "; ".join(finest[members[:_WRITTEN]]) or None
        found.append(f"{text}; and {more} more" if more > 0 else text)
    return found


def _relatives(model: NamingModel, answers: Answers, confidence: float) -> dict[str, np.ndarray]:
    placement = model.placement
    nearest = nearest_tip(answers.said.to_taxa, placement.tips)
    low, high = relative_limits(placement, answers.verdict, confidence)
    return {
        "relative": np.where(answers.verdict == NO_SUCH, None, placement.tips[nearest]),
        "relative_low": low,
        "relative_high": high,
    }


def _candidates(model: NamingModel, answers: Answers) -> dict[str, np.ndarray | list]:
    new = {NEW.format(rank) for rank in model.lineages.ranks}
    scores = score_candidates(model, model.candidates, answers.said, answers.best, answers.node)
    is_new = np.array([word in new for word in answers.verdict], bool)
    names, gains = told_candidates(model.candidates, scores, is_new)
    return {"candidates": names, "candidate_gain": gains}


def relative_limits(
    placement: Placement, verdict: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return between which patristic distances the relative lies, (n,) each; NaN of no specimen."""
    known, gone = verdict == KNOWN, verdict == NO_SUCH
    of_known, of_new = (
        interval_of(far, confidence) for far in (placement.of_known, placement.of_new)
    )
    low, high = (np.where(known, *ends) for ends in zip(of_known, of_new, strict=True))
    return np.where(gone, np.nan, low), np.where(gone, np.nan, high)
