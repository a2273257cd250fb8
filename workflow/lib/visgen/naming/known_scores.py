"""How good names are of specimens whose taxa were learned."""

import numpy as np

from visgen.classification.confidence.conformal_sets import allowed_ranks
from visgen.classification.confidence.lineage_sets import FLAT, NODES
from visgen.classification.confidence.measuring import score_reliability
from visgen.classification.confidence.set_coverage import (
    VALID_SETS,
    coverage_range,
    mean_with_interval,
    share_with_wilson,
)
from visgen.classification.confidence.slices import Images
from visgen.classification.evaluators import ALL_RANKS, JOINT, MARGINAL
from visgen.classification.lineages.joint import marginals
from visgen.metrics import EXPECTED
from visgen.naming.model import NamingModel
from visgen.naming.scored import Scored
from visgen.naming.words import all_verdicts, said_metric
from visgen.visual_genetic.recognition.chance import MOST_FREQUENT, UNIFORM

#: As evaluators: names that are trusted, novelty being asked; and novelty itself.
TRUSTED, NOVELTY = "trusted", "novelty"
#: In the column against: the flags that valid p-values give of known specimens.
VALID_FLAGS = "valid_flags"
ENDS = ("value", "ci_low", "ci_high", "n")
_SIMULATIONS = 200
#: Other shares of false flags, in per cent: what more of them would find.
OTHER_RATES = (10, 20)


def score_known(scored: Scored, lineage: np.ndarray, seed: int) -> list[dict]:
    """Score names of specimens of known lineages.

    Parameters
    ----------
    scored
        Specimens.
    lineage
        (n,) number of the true lineage of each.
    seed
        Of all draws.

    Returns
    -------
    list of dict
        rank, evaluator, metric, role, against, value, ci_low, ci_high, n (specimens),
        n_permutations: see docs/metrics.md.
    """
    rows = []
    truth, named, answers = scored.truth, scored.named, scored.answers
    lineages = scored.model.lineages
    odds = marginals(answers.odds, lineages)
    for r, rank in enumerate(lineages.ranks):
        judged = truth[:, r] >= 0
        if not judged.any():
            continue
        own, right = odds[rank][judged], (named == truth)[judged, r]
        of_rank = [row_of(JOINT, "accuracy", share_with_wilson(right))]
        of_rank += chance_rows(scored.model, rank, truth[judged, r])
        sure = np.where(named[judged, r] >= 0, own[np.arange(len(own)), named[judged, r]], 0)
        ends = mean_with_interval(sure, np.arange(len(sure)), seed)
        of_rank.append(row_of(JOINT, "mean_probability", (*ends, len(sure))))
        names = np.arange(len(own)).astype(str)
        images = Images(own, truth[judged, r], names, own.argmax(axis=1) == truth[judged, r])
        found, _ = score_reliability(images, 1.0, _SIMULATIONS, seed)
        of_rank += [{"evaluator": MARGINAL} | row for row in found]
        for evaluator, depth in ((TRUSTED, answers.node), (NODES[1], scored.nodes)):
            deep = (depth >= r)[judged] & (named[judged, r] >= 0)
            of_rank.append(row_of(evaluator, "named", share_with_wilson(deep)))
            if deep.any():
                share = share_with_wilson(right[deep])
                of_rank.append(row_of(evaluator, "named_accuracy", share))
        rows += [{"rank": rank} | row for row in of_rank]
    rows += [{"rank": ALL_RANKS} | row for row in _score_sets(scored, lineage, seed)]
    return rows + [{"rank": ALL_RANKS} | row for row in score_flags(scored)]


def _score_sets(scored: Scored, lineage: np.ndarray, seed: int) -> list[dict]:
    answers, everyone = scored.answers, np.arange(len(lineage))
    calibration = scored.model.calibration
    group, n_calibration = calibration.groups(scored.confidence), len(calibration.flat)
    if not allowed_ranks(n_calibration, scored.confidence):
        return []
    n_test, n_like = (np.bincount(group[of], minlength=2) for of in (lineage, calibration.lineage))
    tested = n_test > 0
    low, high = coverage_range(n_test[tested], n_like[tested], scored.confidence)
    valid = (scored.confidence, low, high, len(lineage))
    null = {"role": EXPECTED, "against": VALID_SETS}
    sizes = answers.in_set.sum(axis=1)
    covered = {FLAT[1]: answers.in_set[everyone, lineage], NODES[1]: scored.holds(scored.nodes)}
    rows = []
    for evaluator, inside in covered.items():
        rows.append(row_of(evaluator, "coverage", share_with_wilson(inside)))
        rows.append(row_of(evaluator, "coverage", valid) | null)
        rows.append(
            row_of(evaluator, "n_calibration", (n_calibration, np.nan, np.nan, n_calibration))
        )
    rows.append(row_of(TRUSTED, "coverage", share_with_wilson(scored.holds(answers.node))))
    size = mean_with_interval(sizes, everyone, seed)
    rows.append(row_of(FLAT[1], "set_size", (*size, len(lineage))))
    for evaluator, depth in ((NODES[1], scored.nodes), (TRUSTED, answers.node)):
        ends = mean_with_interval(depth + 1.0, everyone, seed)
        rows.append(row_of(evaluator, "depth", (*ends, len(lineage))))
    return rows


def score_flags(scored: Scored) -> list[dict]:
    """Return which share of specimens of known taxa is called new, and each verdict's share."""
    n, n_calibration = len(scored.taxa), len(scored.model.calibration.strangers.known)
    rows = [row_of(NOVELTY, "false_flags", share_with_wilson(scored.flagged))]
    if allowed_ranks(n_calibration, 1 - scored.false_flags):
        low, high = coverage_range([n], [n_calibration], 1 - scored.false_flags)
        valid = (scored.false_flags, 1 - high, 1 - low, n)
        null = {"role": EXPECTED, "against": VALID_FLAGS}
        rows.append(row_of(NOVELTY, "false_flags", valid) | null)
    rows.append(row_of(NOVELTY, "n_calibration", (n_calibration, np.nan, np.nan, n_calibration)))
    for rate in OTHER_RATES:
        flagged = scored.answers.p <= rate / 100
        rows.append(row_of(NOVELTY, f"false_flags_at_{rate}", share_with_wilson(flagged)))
    for word in all_verdicts(scored.model.lineages.ranks):
        said = scored.answers.verdict == word
        rows.append(row_of(NOVELTY, said_metric(word), share_with_wilson(said)))
    return rows


def chance_rows(
    model: NamingModel, rank: str, truth: np.ndarray, weights: np.ndarray | None = None
) -> list[dict]:
    """Return the accuracy of names given without a look at the pictures.

    Parameters
    ----------
    model
        Whose taxa can be named, and whose labelled specimens say which is the most frequent.
    rank
        Of the names.
    truth
        (n,) number of the true taxon.
    weights
        (n,) of specimens; None for equal ones.
    """
    taxa = model.lineages.taxa[rank]
    n_labelled = model.gallery.taxa[rank].value_counts().reindex(taxa)
    most = int(n_labelled.to_numpy(float).argmax())
    always = float(np.average(truth == most, weights=weights))
    nothing = (np.nan, np.nan, len(truth))
    return [
        row_of(JOINT, "accuracy", (value, *nothing)) | {"role": EXPECTED, "against": against}
        for against, value in ((UNIFORM, 1 / len(taxa)), (MOST_FREQUENT, always))
    ]


def row_of(evaluator: str, metric: str, ends: tuple) -> dict:
    """Return a row of scores of value, ci_low, ci_high and n."""
    return {"evaluator": evaluator, "metric": metric} | dict(zip(ENDS, ends, strict=True))
