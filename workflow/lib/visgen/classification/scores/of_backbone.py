"""Scores of all classifiers of a backbone, from the tables of what they predicted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from visgen.classification.predictions import iterate_predictions
from visgen.classification.scores.guessed import Study, collect_guesses
from visgen.classification.scores.scoring import score_classifiers
from visgen.classification.scores.taxa import TAXA_COLUMNS, score_taxa, tabulate_taxa
from visgen.metrics import metrics_table
from visgen.tables import read_table


@dataclass(frozen=True)
class BackboneScores:
    """What is known of the classifiers of a backbone.

    Attributes
    ----------
    scores
        Columns of the contract.
    taxa
        Precision, recall and F1 of every taxon.
    guesses
        By classifier: as `collect_guesses` returns them.
    """

    scores: pd.DataFrame
    taxa: pd.DataFrame
    guesses: dict[str, dict]


def score_backbone(
    backbone: str,
    predictions: Mapping[str, Path],
    training: Mapping[str, Path],
    study: Study,
    *,
    candidates: Collection[str],
    reference: str,
    bootstraps: int,
) -> BackboneScores:
    """Score the predictions of every classifier of a backbone, side by side.

    Parameters
    ----------
    backbone
        Its name.
    predictions, training
        By classifier: its table of predictions, and that of images a taxon it learned from.
    study
        Labels, and distances where there are any.
    candidates
        Classifiers that see the images: lineages are derived from their probabilities.
    reference
        Classifier that the others are compared with.
    bootstraps
        Samples for intervals.
    """
    found, weights, taxa = {}, [], []
    for name, path in predictions.items():
        images = read_table(training[name])
        found[name], fitted = collect_guesses(
            iterate_predictions(path), images, study, derived=name in candidates
        )
        weights += [{"variant": name} | row for row in fitted]
        taxa += [{"variant": name} | row for row in tabulate_taxa(found[name], study, images)]
    taxa = pd.DataFrame(taxa, columns=TAXA_COLUMNS)
    rows = score_classifiers(found, study, reference=reference, bootstraps=bootstraps)
    labels = {"experiment": "classification", "backbone": backbone}
    scores = metrics_table([labels | row for row in [*rows, *weights, *score_taxa(taxa)]])
    return BackboneScores(scores, taxa, found)
