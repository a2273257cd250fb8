"""What a model says of specimens whose taxa were withheld from it."""

import numpy as np
import pandas as pd

from visgen.classification.confidence.lineage_sets import NODES
from visgen.classification.confidence.set_coverage import share_with_wilson
from visgen.classification.evaluators import ALL_RANKS, JOINT
from visgen.metrics import EXPECTED
from visgen.naming.candidate_scores import score_offered
from visgen.naming.detection import NEAREST, PROBABILITY, RELATIVE, score_detection
from visgen.naming.known_scores import (
    NOVELTY,
    OTHER_RATES,
    TRUSTED,
    chance_rows,
    row_of,
    score_flags,
)
from visgen.naming.model import nearest_in
from visgen.naming.novelty import KNOWN, NEW
from visgen.naming.over_taxa import mean_over_taxa
from visgen.naming.placement_scores import score_placement
from visgen.naming.scored import Scored
from visgen.naming.words import all_verdicts, said_metric

#: As a part: specimens of known taxa that stand beside those of withheld ones.
BESIDE = "beside_withheld"
#: In the column against: what specimens of known taxa get.
OF_KNOWN = "known_specimens"


def score_withheld(
    scored: Scored, kind: np.ndarray, distances: pd.DataFrame | None, seed: int
) -> list[dict]:
    """Score what is said of specimens of withheld taxa, beside those of known ones.

    Parameters
    ----------
    scored
        Specimens of known and of withheld taxa.
    kind
        (n,) as `visgen.naming.withheld.withhold` returns it.
    distances
        Phylogenetic distances between taxa of one rank, named, the withheld ones among them; None
        without a tree.
    seed
        Of all draws.

    Returns
    -------
    list of dict
        part (``new_<rank>``, and `BESIDE` for known specimens), rank, evaluator, metric, role,
        against, value, ci_low, ci_high, p, n (withheld taxa), n_permutations: see docs/metrics.md.
        Every number of a kind is a mean over its taxa, each the mean over its specimens.
    """
    known = kind == KNOWN
    of_known = scored.select(known)
    rows = [{"part": BESIDE, "rank": ALL_RANKS} | row for row in score_flags(of_known)]
    flags = share_with_wilson(of_known.flagged)
    for rank in scored.model.lineages.ranks:
        new = kind == NEW.format(rank)
        if not new.any():
            continue
        both = known | new
        taxon = pd.factorize(scored.taxa[rank])[0]  # a gap is a taxon of its own, of known ones
        found = score_detection(_detectors(scored, both), taxon[both], new[both], seed)
        found += _score_kind(scored.select(new), rank, seed)
        null = {"role": EXPECTED, "against": OF_KNOWN}
        found.append({"rank": rank} | row_of(NOVELTY, "flagged", flags) | null)
        if distances is not None and scored.model.placement is not None:
            found += score_placement(scored.select(new), taxon[new], distances, seed)
        found += score_offered(scored.select(new), seed)
        rows += [{"part": f"new_{rank}", "rank": rank} | row for row in found]
    return rows


def _detectors(scored: Scored, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """Return by evaluator how new specimens look, large is new."""
    answers = scored.answers
    nearest = nearest_in(scored.model.gallery, answers.said.looks[chosen], 1)[1][:, 0]
    return {
        RELATIVE: answers.novelty[chosen],
        NEAREST: nearest,
        PROBABILITY: -answers.odds[chosen].max(axis=1),
    }


def _score_kind(scored: Scored, rank: str, seed: int) -> list[dict]:
    """Score what is said of specimens whose taxon of a rank was withheld."""
    model, answers = scored.model, scored.answers
    lineages, taxon = model.lineages, scored.taxa[rank].to_numpy(object)

    def over_taxa(evaluator: str, metric: str, values: np.ndarray, of: np.ndarray) -> dict:
        return row_of(evaluator, metric, mean_over_taxa(values, of, seed))

    r = lineages.ranks.index(rank)
    n_taxa = len(set(taxon))
    rows = [row_of(NOVELTY, "n_specimens", (len(taxon), np.nan, np.nan, n_taxa))]
    rows.append(over_taxa(NOVELTY, "flagged", scored.flagged, taxon))
    for rate in OTHER_RATES:
        rows.append(over_taxa(NOVELTY, f"flagged_at_{rate}", answers.p <= rate / 100, taxon))
    for word in all_verdicts(model.lineages.ranks):
        rows.append(over_taxa(NOVELTY, said_metric(word), answers.verdict == word, taxon))
    for evaluator, depth in ((TRUSTED, answers.node), (NODES[1], scored.nodes)):
        rows.append(over_taxa(evaluator, "named_too_deep", depth >= r, taxon))
    holds, flagged = scored.holds(answers.node), scored.flagged
    rows.append(over_taxa(TRUSTED, "coverage", holds, taxon))
    if flagged.any():
        rows.append(over_taxa(TRUSTED, "flagged_coverage", holds[flagged], taxon[flagged]))
    truth, named = scored.truth, scored.named
    for c, coarser in enumerate(lineages.ranks[:r]):
        judged = truth[:, c] >= 0
        if not judged.any():
            continue
        right, of = (truth[:, c] == named[:, c])[judged], taxon[judged]
        found = [over_taxa(JOINT, "accuracy", right, of)]
        code = pd.factorize(of)[0]
        found += [
            row | {"n": code.max() + 1}
            for row in chance_rows(model, coarser, truth[judged, c], 1 / np.bincount(code)[code])
        ]
        deep = (answers.node >= c)[judged] & (named[judged, c] >= 0)
        found.append(over_taxa(TRUSTED, "named", deep, of))
        if deep.any():
            found.append(over_taxa(TRUSTED, "named_accuracy", right[deep], of[deep]))
        rows += [{"rank": coarser} | row for row in found]
    return rows
