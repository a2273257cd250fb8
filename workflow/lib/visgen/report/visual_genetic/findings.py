"""What recognition with and without genetic anchors shows, in plain sentences."""

from typing import Any

import pandas as pd

from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role
from visgen.report.cells import cell, points
from visgen.report.page import ALPHA, format_number, format_p, format_percent, is_nothing
from visgen.report.visual_genetic.rows import scores_of
from visgen.visual_genetic.recognition.evaluators import (
    ANCHOR,
    evaluator_in_words,
    is_validated,
)
from visgen.visual_genetic.recognition.nulls import PERMUTED
from visgen.visual_genetic.recognition.unseen_scores import BY_FREQUENCY, UNIFORMLY
from visgen.visual_genetic.scopes import KINDS

_SHORT = {"balanced_accuracy": "over all taxa", "tail_accuracy": "over those of the tail"}
_WITHHELD = {
    "unseen_species": "Taxa withheld one by one from all training",
    "unseen_genera": "Taxa withheld by whole groups",
}


def visual_genetic_findings(
    mean: pd.DataFrame, evaluator: str, pair: tuple[str, str] | None, rank: str
) -> list[str]:
    """Say what the scores show, null results included.

    Parameters
    ----------
    mean
        As `visgen.metrics.over_seeds` returns it.
    evaluator
        Chosen on validation.
    pair
        The main variants that are not and that are aligned; None where none is.
    rank
        Of the taxa.

    Returns
    -------
    list of str
        A change is called shown where its interval leaves out 0, a genetic gain where real anchors
        do better than permuted ones, p < 0.05.
    """
    if not (mean["part"] == "test").any():
        return [
            f"Recognition of {rank} could not be scored, so this study does not show whether genes "
            "help. That needs two taxa with training images, and test images of one of them."
        ]
    if pair is None:
        return ["No variant is aligned to anchors, so nothing is said of what genetics adds."]
    base, aligned = pair
    sentences = [_level(mean, evaluator, base, rank)]
    if not scores_of(mean, aligned, evaluator):
        return [
            *sentences,
            f"Images could not be aligned ({aligned}), since fewer than two taxa with training "
            "images have an anchor, so this study does not show whether genes help.",
        ]
    sentences.append(_change(mean, evaluator, base, aligned))
    sentences.append(_against_permuted(mean, evaluator, aligned))
    sentences += _of_unseen(mean, evaluator, aligned)
    return [sentence for sentence in sentences if sentence]


def _level(mean: pd.DataFrame, evaluator: str, base: str, rank: str) -> str:
    found = scores_of(mean, base, evaluator)
    shares = [
        _with_interval(found[metric], words) for metric, words in _SHORT.items() if metric in found
    ]
    if not shares:
        return ""
    number = "a number chosen on validation"
    if not is_validated(mean):
        number = "without an image to choose a number by on validation"
    return (
        f"By {evaluator_in_words(evaluator)} ({number}), without anchors "
        f"({base}), the mean share of test images whose {rank} is recognised is "
        f"{' and '.join(shares)}."
    )


def _with_interval(score: dict[str, Any], words: str) -> str:
    text = cell(score)
    ends = f", 95 % {text['interval']}" if text["interval"] else ""
    return f"{text['value']} {words} ({text['n']:,} specimens{ends})"


def _change(mean: pd.DataFrame, evaluator: str, base: str, aligned: str) -> str:
    found = scores_of(mean, aligned, evaluator, DIFFERENCE, base)
    parts, shown = [], []
    for metric, words in _SHORT.items():
        if metric not in found:
            continue
        score = found[metric]
        text = cell(score, points)
        ends = f" (95 % {text['interval']})" if text["interval"] else " (no interval)"
        parts.append(f"{text['value']} points {words}{ends}")
        if not is_nothing(score["ci_low"]) and score["ci_low"] * score["ci_high"] > 0:
            what = "gain" if score["value"] > 0 else "loss"
            shown.append(f"a {what} is shown {words}")
    if not parts:
        return ""
    verdict = (
        ", ".join(shown).capitalize() + "." if shown else "Cannot tell whether it changes anything."
    )
    return f"Alignment ({aligned}) changes that by {' and '.join(parts)}. {verdict}"


def _against_permuted(mean: pd.DataFrame, evaluator: str, aligned: str) -> str:
    gains = scores_of(mean, aligned, evaluator, DIFFERENCE, PERMUTED)
    nulls = scores_of(mean, aligned, evaluator, EXPECTED, PERMUTED)
    if not gains:
        return (
            f"Anchors of {aligned} were not permuted, so that a change cannot be laid to genetics: "
            "any fixed target a taxon may do as much."
        )
    parts, better, worst = [], [], []
    for metric, words in _SHORT.items():
        if metric not in gains:
            continue
        null, gain = nulls[metric], gains[metric]
        ends = f"{format_percent(null['ci_low'])} to {format_percent(null['ci_high'])}"
        parts.append(
            f"{format_percent(null['value'])} {words} ({ends}; real anchors p = "
            f"{format_p(gain['p'])})"
        )
        if gain["p"] < ALPHA:
            better.append(words)
        if gain["p"] == 1:  # none of the permuted runs is worse
            worst.append(words)
    n = int(next(iter(gains.values()))["n_permutations"])
    verdict = "Cannot tell whether genes help."
    if better:
        verdict = f"Which taxon has which anchor matters {' and '.join(better)}."
    elif 1 / (n + 1) >= ALPHA:
        verdict += f" With {n} permutations p cannot fall under {format_p(1 / (n + 1))}."
    if worst:
        verdict += (
            f" Real anchors do no better than any of the permuted ones {' and '.join(worst)}."
        )
    return (
        f"With the same anchors dealt to other taxa ({n} times) it is {' and '.join(parts)}. "
        f"{verdict}"
    )


def _of_unseen(mean: pd.DataFrame, evaluator: str, aligned: str) -> list[str]:
    """Say where withheld taxa are placed, at the finest rank that each way to place them has."""
    sentences = []
    placed = mean[mean["metric"] == "placed"]
    for kind in KINDS:
        parts = []
        for way in (evaluator, ANCHOR):
            found = placed[
                placed[["variant", "part", "evaluator"]].eq([aligned, kind, way]).all(axis=1)
            ]
            if found.empty:
                continue
            score = of_role(found, SCORE).iloc[-1]
            nulls = of_role(found[found["rank"] == score["rank"]], EXPECTED)
            chance = nulls.set_index("against")["value"]
            name = BY_FREQUENCY if BY_FREQUENCY in chance else UNIFORMLY
            text = cell(score.to_dict())
            ends = f", 95 % {text['interval']}" if text["interval"] else ""
            n = format_number(int(score["n"]))
            parts.append(
                f"by {evaluator_in_words(way)}: {text['value']} of a taxon's images at the right "
                f"{score['rank']} ({n} taxa{ends}; by chance {format_percent(chance[name])})"
            )
        if parts:
            sentences.append(f"{_WITHHELD[kind]} are placed ({aligned}) {'; '.join(parts)}.")
    return sentences
