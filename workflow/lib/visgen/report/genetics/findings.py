"""Plain sentences of what sequences show, null results included."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.claims import CHANCE, judge
from visgen.distances.permutation_tests.matrices import METHODS
from visgen.distances.steps import STEPS
from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.report.cells import interval_in_words
from visgen.report.claims import step_of, steps_in_words
from visgen.report.genetics.rows import VECTORS
from visgen.report.page import format_number, format_p, format_percent
from visgen.signal.association import POWER


def genetics_findings(
    scores: pd.DataFrame, rank: str, inferred: bool, step_ranks: Mapping[str, str]
) -> list[str]:
    """Say in plain sentences what sequences show, null results included.

    Parameters
    ----------
    scores
        Columns of the contract, experiment genetics.
    rank
        Of the sequences' taxa.
    inferred
        Whether the phylogenetic distances come from these sequences.
    step_ranks
        By step of a claim, the rank within whose groups it asks.
    """
    found, nulls = (
        {
            (row["variant"], row["rank"], row["evaluator"], row["metric"], *_step_of(row)): row
            for row in of_role(scores, role).to_dict("records")
        }
        for role in (SCORE, EXPECTED)
    )
    sentences = [
        _neighbours_in_words(found, nulls, rank),
        *(_mantel_in_words(found, variant, rank, inferred, step_ranks) for variant in VECTORS),
        _trees_in_words(found, nulls, rank),
        *(
            _monophyly_in_words(row, nulls.get(key))
            for key, row in found.items()
            if row["evaluator"] == "monophyly"
        ),
    ]
    return [sentence for sentence in sentences if sentence]


def _step_of(row: Mapping[str, Any]) -> list[str]:
    """Return the step of a score within groups, of which there are several."""
    return [row["part"]] if row["part"] in STEPS else []


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


def _mantel_in_words(
    found: Mapping[tuple, dict],
    variant: str,
    rank: str,
    inferred: bool,
    step_ranks: Mapping[str, str],
) -> str:
    """Say how far sequences follow descent, step by step (`visgen.claims`)."""
    of_variant = {
        (row["evaluator"], row["part"], row["metric"]): row
        for row in found.values()
        if row["variant"] == variant and row["rank"] == rank
    }
    score = of_variant.get(("mantel", "taxa", "pearson"))
    if score is None:
        return ""
    steps, told = [], []
    for step, (evaluator, part) in {
        CHANCE: ("mantel", "taxa"),
        **{step: ("mantel_within", step) for step in step_ranks},
    }.items():
        tests = [of_variant.get((evaluator, part, metric)) for metric in METHODS]
        power = of_variant.get((evaluator, part, POWER), {}).get("value")
        steps.append(step_of(step, tests, power))
        if tests[0] is not None:
            where = "Mantel" if step == CHANCE else f"within {step_ranks[step]}"
            told.append(f"{where} r = {_r_in_words(*tests)}")
    verdicts = dict(zip([CHANCE, *step_ranks], judge(steps), strict=True))
    what = f"likeness of sequences by {VECTORS[variant]}"
    sentence = f"{steps_in_words(verdicts, step_ranks, what)}. {'; '.join(told)}."
    if inferred:
        sentence += (
            " Agreement was to be expected, since the phylogenetic distances come from these very "
            "sequences."
        )
    return sentence


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


def _r_in_words(score: Mapping[str, Any], of_ranks: Mapping[str, Any] | None = None) -> str:
    """Give r with its interval and p, and Spearman's, where there is one."""
    interval = interval_in_words(score, _two_digits)
    words = f"95 % {interval}, " if interval else ""
    words += f"p = {format_p(score['p'])}, {int(score['n'])} taxa"
    if of_ranks is not None:
        words += f"; Spearman {_two_digits(of_ranks['value'])}, p = {format_p(of_ranks['p'])}"
    return f"{_two_digits(score['value'])} ({words})"


def _two_digits(value: float) -> str:
    return format_number(value, 2)
