"""Rows of the page's tables of what sequences tell of taxa and descent."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.report.cells import cell
from visgen.report.page import format_number, format_percent
from visgen.signal.association import BROWNIAN

#: What the vectors are called on the page.
VECTORS = {"sgt": "SGT", "kmers": "k-mers"}

#: Evaluator of nearest neighbours: its words.
NEAREST = {
    "loo_nearest_neighbour": "all",
    "loo_nearest_neighbour_distinct": "copies within a taxon once",
}

#: Evaluator and metric: what is asked, within which rank where it is, and how values are written.
_AGREEMENTS = {
    ("mantel", "pearson"): ("distances of vectors and phylogenetic ones, r", format_number),
    ("mantel", "spearman"): ("the same, Spearman's r", format_number),
    ("mantel_within", "pearson"): ("the same within {}, r", format_number),
    ("mantel_within", "spearman"): ("the same within {}, Spearman's r", format_number),
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

#: Null: its words.
_NULLS = {"shuffled_tips": "tips shuffled", BROWNIAN: "r if wholly inherited"}


def neighbour_rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each kind of vectors and of sequences, and one of its null below it.

    Parameters
    ----------
    scores
        Columns of the contract, experiment genetics.

    Returns
    -------
    list of dict
        vectors, sequences, accuracy and balanced_accuracy (each as `visgen.report.cells.cell` has
        it, None where it was left out), n, is_null.
    """
    rows = []
    for variant, name in VECTORS.items():
        own = scores[scores["variant"] == variant]
        for evaluator, sequences in NEAREST.items():
            here = own[own["evaluator"] == evaluator]
            for role, words in ((SCORE, sequences), (EXPECTED, "names dealt at random")):
                found = of_role(here, role).set_index("metric").to_dict("index")
                if found:
                    n = int(next(iter(found.values()))["n"])
                    row = {"vectors": name, "sequences": words, "n": n, "is_null": role == EXPECTED}
                    measures = ("accuracy", "balanced_accuracy")
                    rows.append(row | {metric: cell(found.get(metric)) for metric in measures})
    return rows


def agreement_rows(scores: pd.DataFrame, step_ranks: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a row for each score of vectors and trees against descent, its null below it.

    Parameters
    ----------
    scores
        Columns of the contract, experiment genetics.
    step_ranks
        By step of a claim, the rank within whose groups it asks.

    Returns
    -------
    list of dict
        of (vectors or tree), rank, asked, is_null, and value, interval, p and n as
        `visgen.report.cells.cell` has them.
    """
    rows = []
    for (evaluator, metric), (asked, form) in _AGREEMENTS.items():
        chosen = scores[(scores["evaluator"] == evaluator) & (scores["metric"] == metric)]
        chosen = chosen.dropna(subset="value")
        keys = ["variant", "rank", "part"]
        for (variant, rank, part), both in chosen.groupby(keys, sort=False, dropna=False):
            row = {"of": VECTORS.get(variant, "inferred tree"), "rank": rank}
            rows += [
                row | {"asked": asked.format(step_ranks.get(part)), "is_null": False} | texts
                for texts in _cells(of_role(both, SCORE), form)
            ]
            nulls = of_role(both, EXPECTED)
            rows += [
                row | {"asked": _NULLS[against], "is_null": True} | texts
                for against, texts in zip(nulls["against"], _cells(nulls, form), strict=True)
            ]
    return rows


def _cells(scores: pd.DataFrame, form: Callable[[float], str]) -> list[dict[str, Any]]:
    return [cell(score, form) for score in scores.to_dict("records")]
