"""How near, on the tree, the relatives are that withheld taxa are said to look like."""

import numpy as np
import pandas as pd

from visgen.classification.confidence.conformal_sets import allowed_ranks
from visgen.classification.confidence.set_coverage import VALID_SETS, coverage_range
from visgen.metrics import EXPECTED
from visgen.naming.known_scores import row_of
from visgen.naming.over_taxa import mean_over_taxa
from visgen.naming.relatives import nearest_tip, relative_limits
from visgen.naming.scored import Scored
from visgen.visual_genetic.recognition.unseen_scores import BY_FREQUENCY, UNIFORMLY

#: As an evaluator: the relative that a specimen looks most like.
PLACEMENT = "placement"


def score_placement(
    scored: Scored, taxon: np.ndarray, distances: pd.DataFrame, seed: int
) -> list[dict]:
    """Score which relative specimens are said to look like.

    Parameters
    ----------
    scored
        Specimens; the model has a placement.
    taxon
        (n,) of each, over which means are taken.
    distances
        Patristic distances between taxa of one rank, named, also those that were withheld.
    seed
        Of the bootstrap.

    Returns
    -------
    list of dict
        evaluator, metric, role, against, value, ci_low, ci_high, n (taxa). ``regret``: distance
        from the true taxon to the relative that is named, less that to the nearest known one, in
        units of the tree; expected of a known taxon that is drawn, each as likely, or by its number
        of labelled specimens. ``coverage``: share whose distance to the relative is within the
        limit that is told, which of those that are taken for known is that of known taxa;
        ``flagged_coverage``: of those alone that are called new, expected of `VALID_SETS`, were
        they as far from known taxa as those that calibrated are. Specimens whose taxon the tree
        lacks are left out.
    """
    model, answers = scored.model, scored.answers
    tips = model.placement.tips
    own = distances.index.get_indexer(scored.taxa[distances.index.name])
    judged = own >= 0
    if not judged.any():
        return []
    own, taxon = own[judged], np.asarray(taxon)[judged]
    named = tips[nearest_tip(answers.said.to_taxa[judged], tips)]
    known = distances.index.get_indexer(pd.Index(sorted({tip for tip in tips if tip is not None})))
    values = distances.to_numpy()
    far = values[own, distances.index.get_indexer(pd.Index(named))]
    to_known = values[np.ix_(own, known)]
    nearest = to_known.min(axis=1)
    labelled = model.gallery.taxa[distances.index.name].value_counts()
    n_labelled = labelled.reindex(distances.index[known]).fillna(0).to_numpy(float)
    rows = [row_of(PLACEMENT, "regret", mean_over_taxa(far - nearest, taxon, seed))]
    for against, weights in ((UNIFORMLY, np.ones(len(known))), (BY_FREQUENCY, n_labelled)):
        drawn = to_known @ (weights / weights.sum()) - nearest
        row = row_of(PLACEMENT, "regret", mean_over_taxa(drawn, taxon, seed))
        rows.append(row | {"role": EXPECTED, "against": against})
    _, high = relative_limits(model.placement, answers.verdict[judged], scored.confidence)
    told = ~np.isnan(high)  # of no such specimen nothing is told
    flagged = told & scored.flagged[judged]
    for metric, chosen in (("coverage", told), ("flagged_coverage", flagged)):
        if chosen.any():
            ends = mean_over_taxa((far <= high)[chosen], taxon[chosen], seed)
            rows.append(row_of(PLACEMENT, metric, ends))
    n, n_calibration = len(set(taxon[flagged])), len(model.placement.of_new)
    if n and allowed_ranks(n_calibration, scored.confidence):
        valid = (scored.confidence, *coverage_range([n], [n_calibration], scored.confidence), n)
        null = {"role": EXPECTED, "against": VALID_SETS}
        rows.append(row_of(PLACEMENT, "flagged_coverage", valid) | null)
    return rows
