"""How good naming is: asked about specimens that were kept back, of known and of withheld taxa."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from visgen.classification.confidence.lineage_sets import true_lineages
from visgen.classification.evaluators import ALL_RANKS
from visgen.metrics import metrics_table
from visgen.naming.answering import Asked, answer
from visgen.naming.candidate_looks import find_candidates
from visgen.naming.candidate_scores import offer_withheld
from visgen.naming.known_scores import NOVELTY, row_of, score_known
from visgen.naming.labelled import Labelled
from visgen.naming.model import NamingModel, learn_names
from visgen.naming.novelty import KNOWN
from visgen.naming.out_of_fold import true_taxa
from visgen.naming.preparing import Prepare
from visgen.naming.scored import Scored
from visgen.naming.withheld import Withheld
from visgen.naming.withheld_scores import score_withheld

log = logging.getLogger(__name__)

EXPERIMENT, TEST = "naming", "test"


def score_naming(
    labelled: Labelled,
    part: pd.Series,
    prepare: Prepare,
    distances: pd.DataFrame | None,
    *,
    relatives: pd.DataFrame | None = None,
    withheld: Sequence[Withheld],
    confidence: float,
    false_flags: float,
    seed: int,
    shared: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Learn names from the training and validation part, and ask about what was kept back.

    Twice: of the test part, once all taxa were learned; and of the test part and all specimens of
    withheld taxa, once the others were learned.

    Parameters
    ----------
    labelled
        Specimens.
    part
        Part of the split, ``test`` or another, index specimen: of all specimens.
    prepare
        What is learned depends on the specimens: it is made of those that are learned from.
    distances
        Phylogenetic distances between taxa of one of the ranks, named; None without a tree.
    relatives
        Those of the source of the prior between taxa of the finest rank; None where it has none.
    withheld
        What is learned from without some taxa; of several each has other kinds of withheld ones.
    confidence, false_flags
        As in `visgen.naming.answering.Asked`.
    seed
        Of all draws.
    shared
        Further columns of all rows: variant, backbone.

    Returns
    -------
    DataFrame
        Columns of the contract; see docs/metrics.md.

    Raises
    ------
    ValueError
        If a specimen has no part; as `visgen.naming.model.learn_names` where all taxa are learned.

    Notes
    -----
    Conformal ranges hold where calibration and test specimens are exchangeable. Those that
    calibrate are asked of models that knew a tenth less, so that a little more is covered, and a
    little less flagged, than is stated. Which taxa are withheld differs between seeds; where few
    are, a bootstrap over them is too narrow.
    """
    lacking = labelled.taxa.index.difference(part.index)
    if len(lacking):
        raise ValueError(
            f"{len(lacking)} specimens have no part, such as {lacking[0]!r}, expected one of all"
        )
    is_test = (part.loc[labelled.taxa.index] == TEST).to_numpy()
    asked = Asked(confidence, false_flags, None)
    columns = {"experiment": EXPERIMENT, "seed": seed} | dict(shared or {})
    model = learn_from(labelled.of(~is_test), prepare, distances, seed)
    rows = [{"part": TEST} | row for row in _score_test(labelled.of(is_test), model, asked, seed)]
    for without in withheld:
        found = _score_withheld(without, is_test, distances, relatives, asked, seed)
        told = {row["part"] for row in rows}  # of known specimens, those of the first stand beside
        rows += [row for row in found if row["part"] not in told]
    return metrics_table([columns | row for row in rows])


def _score_withheld(
    without: Withheld,
    is_test: np.ndarray,
    distances: pd.DataFrame | None,
    relatives: pd.DataFrame | None,
    asked: Asked,
    seed: int,
) -> list[dict]:
    labelled, kind = without.labelled, without.kind.to_numpy()
    is_known = kind == KNOWN
    if is_known.all():
        return []
    try:
        model = learn_from(labelled.of(~is_test & is_known), without.prepare, distances, seed)
    except ValueError as error:
        log.warning("nothing is said of withheld taxa: %s", error)
        return []
    offered = offer_withheld(labelled.taxa[~is_known], model.lineages, distances, relatives)
    model = model._replace(candidates=find_candidates(model, offered))
    beside = is_test & is_known & (lineage_of(labelled.taxa, model) >= 0)
    if not beside.any():
        return []
    chosen = beside | ~is_known
    scored = ask_about(labelled.of(chosen), model, asked)
    return score_withheld(scored, kind[chosen], distances, seed)


def learn_from(
    labelled: Labelled, prepare: Prepare, distances: pd.DataFrame | None, seed: int
) -> NamingModel:
    """Return what is learned from some specimens, as `score_naming` takes these."""
    lineages, train_head = prepare(labelled)
    return learn_names(labelled, train_head, distances, lineages=lineages, seed=seed)[0]


def _score_test(test: Labelled, model: NamingModel, asked: Asked, seed: int) -> list[dict]:
    lineage = lineage_of(test.taxa, model)
    known = lineage >= 0
    if not known.any():
        return []
    outside = (float(1 - known.mean()), np.nan, np.nan, len(known))
    rows = [{"rank": ALL_RANKS} | row_of(NOVELTY, "outside", outside)]
    return rows + score_known(ask_about(test.of(known), model, asked), lineage[known], seed)


def lineage_of(taxa: pd.DataFrame, model: NamingModel) -> np.ndarray:
    """Return the lineage of each specimen, (n,); −1 where none was learned."""
    lineage = true_lineages(true_taxa(taxa, model.lineages), model.lineages)
    return np.where(np.isin(lineage, model.parts.known), lineage, -1)


def ask_about(labelled: Labelled, model: NamingModel, asked: Asked) -> Scored:
    """Return what a model says of specimens, beside what they are."""
    answers = answer(model, labelled.x, labelled.images, asked)
    return Scored(model, answers, labelled.taxa, asked.confidence, asked.false_flags)
