"""Plain sentences of what sequences show, null results included."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.report.cells import interval_in_words
from visgen.report.genetics.rows import VECTORS
from visgen.report.page import ALPHA, format_number, format_p, format_percent


def genetics_findings(scores: pd.DataFrame, rank: str, inferred: bool) -> list[str]:
    """Say in plain sentences what sequences show, null results included.

    Parameters
    ----------
    scores
        Columns of the contract, experiment genetics.
    rank
        Of the sequences' taxa.
    inferred
        Whether the phylogenetic distances come from these sequences.
    """
    found, nulls = (
        {
            (row["variant"], row["rank"], row["evaluator"], row["metric"]): row
            for row in of_role(scores, role).to_dict("records")
        }
        for role in (SCORE, EXPECTED)
    )
    sentences = [
        _neighbours_in_words(found, nulls, rank),
        *(_mantel_in_words(found, variant, rank, inferred) for variant in VECTORS),
        _trees_in_words(found, nulls, rank),
        *(
            _monophyly_in_words(row, nulls.get(key))
            for key, row in found.items()
            if row["evaluator"] == "monophyly"
        ),
    ]
    return [sentence for sentence in sentences if sentence]


def _neighbours_in_words(
    found: Mapping[tuple, dict], nulls: Mapping[tuple, dict], rank: str
) -> str:
    """Compare the kinds of vectors, over sequences that are not copies of each other."""
    distinct = "loo_nearest_neighbour_distinct"
    scores = {
        variant: found[variant, rank, distinct, "accuracy"]
        for variant in VECTORS
        if (variant, rank, distinct, "accuracy") in found
    }
    if not scores:
        return ""
    each = " and of ".join(
        f"{format_percent(score['value'])} ({interval_in_words(score, format_percent)}) of "
        f"{int(score['n']):,} sequences by {VECTORS[variant]}"
        for variant, score in scores.items()
    )
    sentence = f"The nearest other sequence names the {rank} of {each}"
    chance = nulls.get((next(iter(scores)), rank, distinct, "accuracy"))
    if chance is not None:
        sentence += f"; names dealt at random give {format_percent(chance['value'])}"
    sentence += ". Copies within a taxon count once."
    if len(scores) == len(VECTORS) and scores["sgt"]["value"] <= scores["kmers"]["value"]:
        sentence += " The transform does not tell taxa apart better than plain words of letters."
    return sentence


def _mantel_in_words(found: Mapping[tuple, dict], variant: str, rank: str, inferred: bool) -> str:
    score = found.get((variant, rank, "mantel", "pearson"))
    if score is None:
        return ""
    shown = score["p"] < ALPHA
    verdict = "Near relatives have alike sequences by this measure"
    if not shown:
        verdict = "No agreement is shown"
    if inferred:
        link = "; that had to be, since" if shown else ", though"
        verdict += f"{link} the distances come from these very sequences"
    return (
        f"Distances of {VECTORS[variant]} and phylogenetic distances: Mantel r = "
        f"{_r_in_words(score)}. {verdict}."
    )


def _trees_in_words(found: Mapping[tuple, dict], nulls: Mapping[tuple, dict], rank: str) -> str:
    key = ("tree", rank, "tree_comparison", "clades_found")
    clades, null = found.get(key), nulls.get(key)
    lengths = found.get(("tree", rank, "tree_comparison", "pearson"))
    if clades is None:
        return ""
    sentence = (
        f"The tree inferred from the sequences has {format_percent(clades['value'])} of the inner "
        f"branches of the given tree ({int(clades['n'])} taxa"
    )
    if null is not None:
        sentence += f"; with tips shuffled {format_percent(null['value'])}"
    sentence += f"; p = {format_p(clades['p'])})"
    if lengths is not None:
        sentence += f"; path lengths: r = {_r_in_words(lengths)}"
    return sentence + "."


def _monophyly_in_words(score: Mapping[str, Any], null: Mapping[str, Any] | None) -> str:
    n = int(score["n"])
    sentence = (
        f"{round(score['value'] * n)} of {n} taxa of the rank {score['rank']} with two or more "
        "tips are clades of the inferred tree"
    )
    if null is not None:
        sentence += f"; with tips shuffled {format_number(null['value'] * n, 1)} on average"
    return f"{sentence} (p = {format_p(score['p'])})."


def _r_in_words(score: Mapping[str, Any]) -> str:
    interval = interval_in_words(score, _two_digits)
    words = f"95 % {interval}, " if interval else ""
    return (
        f"{_two_digits(score['value'])} ({words}p = {format_p(score['p'])}, {int(score['n'])} taxa)"
    )


def _two_digits(value: float) -> str:
    return format_number(value, 2)
