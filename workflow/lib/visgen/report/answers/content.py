"""The answers of a study, in the order in which they are asked."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.metrics import over_seeds
from visgen.naming.overview import Overview
from visgen.prior.scoring import EXPERIMENT
from visgen.report.answers import descent, rare, unnamed
from visgen.report.answers.answer import OPEN, Answer
from visgen.report.answers.recognition import answer_recognition
from visgen.report.backbones import is_control
from visgen.report.embedding.agreement import verdicts_of
from visgen.report.prior.findings import rows_by_key
from visgen.tables import read_table


def answers_content(
    metrics: pd.DataFrame,
    page: Mapping[str, Any],
    step_ranks: Mapping[str, str],
    named: Sequence[str],
) -> dict[str, Any]:
    """Return the cards of the first screen.

    Parameters
    ----------
    metrics
        Columns of the contract.
    page
        What the sections show: classification and its findings, agreement and its findings where
        there is a tree, prior and naming (None where the study has none).
    step_ranks
        By step, the rank within whose groups it asks; empty without a tree.
    named
        Path of the table of named specimens, or none.
    """
    return {
        "answers": [
            answer_recognition(page["classification"], page["classification_findings"]),
            _descent(page, step_ranks),
            _rare(metrics, page["prior"]),
            _unnamed(metrics, page["naming"], named),
        ]
    }


def _descent(page: Mapping[str, Any], step_ranks: Mapping[str, str]) -> Answer:
    rows = [row for row in page.get("agreement", []) if not row["is_random"]]
    controls = [row for row in rows if is_control(row["backbone"], page["labels"])]
    rows = [row for row in rows if row not in controls] or controls
    first = [row for row in rows if _key(row) == _key(rows[0])]
    verdicts = verdicts_of({row["step"]: row for row in first}, step_ranks)
    why_not = page.get("agreement_findings", [])
    return descent.answer_descent(first, verdicts, step_ranks, page["tree_rank"], why_not)


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["backbone"], row["variant"]


def _rare(metrics: pd.DataFrame, prior: Mapping[str, Any] | None) -> Answer:
    if prior is None:
        words = "The study names no rank for which relatives are tried."
        return Answer(rare.QUESTION, OPEN, "Not asked", words)
    rows = rows_by_key(metrics[metrics["experiment"] == EXPERIMENT])
    return rare.answer_rare(rows, prior["rank"], prior["tail"], prior["findings"])


def _unnamed(
    metrics: pd.DataFrame, naming: Mapping[str, Any] | None, named: Sequence[str]
) -> Answer:
    if naming is None:
        words = "The study has no section on naming."
        return Answer(unnamed.QUESTION, OPEN, "Not asked", words)
    overview = Overview(over_seeds(metrics[metrics["experiment"] == "naming"]))
    table = read_table(named[0]) if named else None
    return unnamed.answer_unnamed(table, overview, naming)
