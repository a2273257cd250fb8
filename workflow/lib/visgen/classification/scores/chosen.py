"""Scores of backbones, each with its chosen classifier, from the tables of what these predicted."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from visgen.classification.evaluators import INDEPENDENT
from visgen.classification.predictions import iterate_predictions
from visgen.classification.scores.choosing import compare_backbones
from visgen.classification.scores.guessed import Study
from visgen.classification.scores.guesses import guesses
from visgen.metrics import metrics_table


def score_chosen(
    chosen: pd.DataFrame,
    predictions: Mapping[tuple[str, str], Path],
    study: Study,
    *,
    bootstraps: int,
) -> pd.DataFrame:
    """Set each backbone's chosen classifier against the best one on validation.

    Parameters
    ----------
    chosen
        As `choose_classifiers` returns it, of all backbones: a column backbone beside.
    predictions
        By backbone and classifier: the table of predictions.
    study
        Labels.
    bootstraps
        Samples for intervals.

    Returns
    -------
    DataFrame
        Columns of the contract.
    """
    chosen = chosen[chosen["evaluator"] == INDEPENDENT]
    found = {}
    for pair in set(zip(chosen["backbone"], chosen["variant"], strict=True)):
        tables = iterate_predictions(predictions[pair])
        found[pair] = {key: guesses(table) for key, table in tables}
    rows = compare_backbones(chosen, found, study, bootstraps=bootstraps)
    return metrics_table([{"experiment": "classification"} | row for row in rows])
