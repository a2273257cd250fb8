"""Rows of the page's tables of what sequences tell of taxa and descent."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from visgen.report.page import format_number, format_percent, is_nothing

#: What the vectors are called on the page.
VECTORS = {"sgt": "SGT", "kmers": "k-mers"}

#: Evaluator of nearest neighbours: its words, and the evaluator that names dealt at random give.
NEAREST = {
    "loo_nearest_neighbour": ("all", "permuted_labels"),
    "loo_nearest_neighbour_distinct": ("copies within a taxon once", "permuted_labels_distinct"),
}

#: Evaluator and metric: what is asked, and how values are written.
_AGREEMENTS = {
    ("mantel", "pearson"): ("distances of vectors and phylogenetic ones, r", format_number),
    ("mantel", "spearman"): ("the same, Spearman's r", format_number),
    ("tree_comparison", "robinson_foulds"): (
        "branches in only one of the inferred and the given tree (Robinson-Foulds)",
        format_percent,
    ),
    ("tree_comparison", "clades_found"): (
        "branches of the given tree that the inferred one has",
        format_percent,
    ),
    ("tree_comparison", "pearson"): (
        "path lengths in the inferred and the given tree, r",
        format_number,
    ),
    ("tree_comparison", "spearman"): ("the same, Spearman's r", format_number),
    ("monophyly", "monophyletic"): ("groups that are clades of the inferred tree", format_percent),
}
#: Evaluator of what trees with shuffled tips give.
SHUFFLED = "shuffled_tips"


def neighbour_rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each kind of vectors and of sequences, and one of its null below it.

    Parameters
    ----------
    scores
        Columns of the contract, experiment genetics.

    Returns
    -------
    list of dict
        vectors, sequences, accuracy and balanced_accuracy (each a row of the scores, None where
        it was left out), n, is_null.
    """
    rows = []
    for variant, name in VECTORS.items():
        own = scores[scores["variant"] == variant]
        for evaluator, (sequences, null) in NEAREST.items():
            for of_row, words in ((evaluator, sequences), (null, "names dealt at random")):
                cells = own[own["evaluator"] == of_row].set_index("metric").to_dict("index")
                if cells:
                    n = int(next(iter(cells.values()))["n"])
                    row = {"vectors": name, "sequences": words, "n": n, "is_null": of_row == null}
                    measures = ("accuracy", "balanced_accuracy")
                    rows.append(row | {metric: cells.get(metric) for metric in measures})
    return rows


def agreement_rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each score of vectors and trees against descent, its null below it.

    Parameters
    ----------
    scores
        Columns of the contract, experiment genetics.

    Returns
    -------
    list of dict
        of (vectors or tree), rank, asked, value and interval (text), p, n, is_null.
    """
    rows = []
    for (evaluator, metric), (asked, form) in _AGREEMENTS.items():
        chosen = scores[(scores["evaluator"] == evaluator) & (scores["metric"] == metric)]
        for score in chosen.to_dict("records"):
            of = VECTORS.get(score["variant"], "inferred tree")
            row = {"of": of, "rank": score["rank"]}
            rows.append(row | {"asked": asked, "is_null": False} | _in_text(score, form))
            same = scores[["variant", "rank", "metric"]].eq(
                [score["variant"], score["rank"], metric]
            )
            null = scores[(scores["evaluator"] == SHUFFLED) & same.all(axis=1)]
            rows += [
                row | {"asked": "tips shuffled", "is_null": True} | _in_text(of_null, form)
                for of_null in null.to_dict("records")
            ]
    return rows


def _in_text(score: Mapping[str, Any], form: Callable[[float], str]) -> dict[str, Any]:
    ends = "" if is_nothing(score["ci_low"]) else interval_in_words(score, form)
    return {"value": form(score["value"]), "interval": ends, "p": score["p"], "n": int(score["n"])}


def interval_in_words(score: Mapping[str, Any], form: Callable[[float], str]) -> str:
    """Return the ends of a score's interval, written by a function of numbers."""
    return f"{form(score['ci_low'])} to {form(score['ci_high'])}"
