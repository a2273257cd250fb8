"""How far the probabilities of all classifiers of a backbone can be trusted, from their tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from visgen.classification.confidence.answered import ANSWERED_COLUMNS
from visgen.classification.confidence.lineage_confidence import measure_lineages
from visgen.classification.confidence.measuring import (
    BIN_COLUMNS,
    OMITTED_COLUMNS,
    measure_confidence,
)
from visgen.classification.predictions import read_predictions
from visgen.metrics import metrics_table
from visgen.specimens.taxonomy import lineage
from visgen.tables import read_table


@dataclass(frozen=True)
class BackboneConfidence:
    """Tables of what was measured.

    Attributes
    ----------
    scores
        Columns of the contract.
    bins, answered, answers
        Reliability, names where only the surest are given, and what each image is called.
    omitted
        What could not be measured.
    """

    scores: pd.DataFrame
    bins: pd.DataFrame
    answered: pd.DataFrame
    answers: pd.DataFrame
    omitted: pd.DataFrame


def measure_backbone(
    backbone: str,
    predictions: Mapping[str, Path],
    training: Mapping[str, Path],
    labels: pd.DataFrame,
    ranks: Sequence[str],
    *,
    tail: int,
    confidence: float,
) -> BackboneConfidence:
    """Measure how far the probabilities of every classifier of a backbone can be trusted.

    Parameters
    ----------
    backbone
        Its name.
    predictions, training
        By classifier: its table of predictions, and that of images a taxon it learned from.
    labels
        As `visgen.specimens.records.read_labels` returns them, of all ranks.
    ranks
        Coarse to fine.
    tail, confidence
        As in `measure_confidence`.
    """
    above = {rank: lineage(labels, ranks, rank) for rank in ranks}
    shared = {"experiment": "classification", "backbone": backbone}
    options = {"tail": tail, "confidence": confidence}
    scores, bins, omitted, answered, answers = [], [], [], [], []
    for name, path in predictions.items():
        n_images = read_table(training[name]).set_index("taxon").groupby(["seed", "rank"])
        known = read_predictions(path), labels["specimen"], dict(iter(n_images["n_images"]))
        rows, curves, without = measure_confidence(*known, **options)
        joint = measure_lineages(known[0], above, *known[1:], **options)
        scores += [shared | {"variant": name} | row for row in [*rows, *joint.scores]]
        omitted += [{"variant": name} | row for row in [*without, *joint.omitted]]
        bins += [table.assign(variant=name) for table in (curves, joint.bins)]
        answered.append(joint.answered.assign(variant=name))
        answers.append(joint.answers.assign(variant=name))
    return BackboneConfidence(
        metrics_table(scores),
        pd.concat(bins)[["variant", *BIN_COLUMNS]],
        pd.concat(answered)[["variant", *ANSWERED_COLUMNS]],
        pd.concat(answers, ignore_index=True),
        pd.DataFrame(omitted, columns=["variant", *OMITTED_COLUMNS]),
    )
