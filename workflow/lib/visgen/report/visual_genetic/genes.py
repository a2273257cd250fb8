"""Whether genes help to recognise taxa, in plain sentences: real anchors against permuted ones."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.claims import CHANCE, COARSE, NOT_SHOWN, SHOWN, UNDECIDED, judge
from visgen.metrics import DIFFERENCE, EXPECTED, of_role
from visgen.report.cells import cell, points
from visgen.report.claims import step_of
from visgen.report.page import format_p, format_percent, is_nothing
from visgen.report.visual_genetic.scores import scores_of
from visgen.visual_genetic.recognition.alignment import ALIGNMENT, NEARER
from visgen.visual_genetic.recognition.comparisons import references
from visgen.visual_genetic.recognition.nulls import PERMUTED

#: What is claimed: two tests, each at `visgen.claims.SHOWN_AT`.
CLAIMED = {"balanced_accuracy": "over all taxa", "tail_accuracy": "over those of the tail"}
#: Share of the permuted runs in which training images have to come to their anchors.
ENOUGH_CAME = 0.5
_VERDICTS = {
    SHOWN: "That the right anchors do better than others is shown {}.",
    UNDECIDED: "Whether genes help is undecided {}.",
    NOT_SHOWN: "That genes help is not shown {}.",
    COARSE: "Whether genes help cannot be told {}: with {} permutations p cannot fall under {}.",
}


def genes_in_words(
    mean: pd.DataFrame, evaluator: str, variants: Mapping[str, Mapping[str, Any]], aligned: str
) -> str:
    """Say what the right anchors do that others do not, and what learning without any does.

    Permuted anchors may do harm, so that to beat them is no gain yet: that genes help is claimed
    only where real ones also do more than as much learning without anchors.

    Parameters
    ----------
    mean
        As `visgen.metrics.over_seeds` returns it.
    evaluator
        Chosen on validation.
    variants
        By name: regime, anchors, stage2, sampling.
    aligned
        A variant that is aligned indeed.
    """
    text, better = _against_permuted(mean, evaluator, aligned)
    return f"{text} {_against_none(mean, evaluator, variants, aligned, better)}"


def others_in_words(
    mean: pd.DataFrame, evaluator: str, others: list[str], claimed: str | None
) -> list[str]:
    """Say what real anchors do in further variants, of which nothing is claimed."""
    parts = []
    for name in others:
        gains = scores_of(mean, name, evaluator, DIFFERENCE, PERMUTED)
        told = [
            f"{points(gains[metric]['value'])} points {words} (p = {format_p(gains[metric]['p'])})"
            for metric, words in CLAIMED.items()
            if metric in gains
        ]
        if told:
            parts.append(f"{name} {' and '.join(told)}")
    if not parts:
        return []
    return [
        f"Real less permuted anchors in further variants: {'; '.join(parts)}. Of several, one may "
        f"get there by chance: the claim is that of {claimed} alone."
    ]


def _against_permuted(mean: pd.DataFrame, evaluator: str, aligned: str) -> tuple[str, list[str]]:
    """Judge real anchors against permuted ones; return, too, where they are shown to do better."""
    gains = scores_of(mean, aligned, evaluator, DIFFERENCE, PERMUTED)
    nulls = scores_of(mean, aligned, evaluator, EXPECTED, PERMUTED)
    if not gains:
        return (
            f"Anchors of {aligned} were not permuted, so that a change cannot be laid to genetics: "
            "any fixed target a taxon may do as much."
        ), []
    parts, worst = [], []
    found: dict[str, list[str]] = {}
    for metric, words in CLAIMED.items():
        if metric not in gains:
            continue
        null, gain = nulls[metric], gains[metric]
        ends = f"{format_percent(null['ci_low'])} to {format_percent(null['ci_high'])}"
        parts.append(
            f"{format_percent(null['value'])} {words} ({ends}; real anchors p = "
            f"{format_p(gain['p'])})"
        )
        (verdict,) = judge([step_of(CHANCE, [gain])])
        found.setdefault(verdict, []).append(words)
        if gain["p"] == 1:  # none of the permuted runs is worse
            worst.append(words)
    came = _permuted_that_came(mean, aligned)
    if came is not None and came < ENOUGH_CAME:
        found = {UNDECIDED: [words for of_verdict in found.values() for words in of_verdict]}
    n = int(next(iter(gains.values()))["n_permutations"])
    verdicts = [
        _VERDICTS[verdict].format(" and ".join(words), n, format_p(1 / (n + 1)))
        for verdict, words in found.items()
    ]
    if came is not None and came < ENOUGH_CAME:
        verdicts.append(
            f"In {format_percent(came)} of the permuted runs alone did training images come to "
            "their anchors, so that real ones are compared with networks that are still under way; "
            "more steps may help (visual_genetic.alignment.steps)."
        )
    if worst:
        where = " and ".join(worst)
        verdicts.append(f"Real anchors do no better than any of the permuted ones {where}.")
    return (
        f"With the same anchors dealt to other taxa ({n} times) it is {' and '.join(parts)}. "
        f"{' '.join(verdicts)}"
    ), found.get(SHOWN, [])


def _permuted_that_came(mean: pd.DataFrame, aligned: str) -> float | None:
    """Return in what share of the permuted runs training images came to their anchors."""
    rows = of_role(mean[mean["variant"] == aligned], EXPECTED, PERMUTED)
    found = rows[rows[["evaluator", "part", "metric"]].eq([ALIGNMENT, "train", NEARER]).all(axis=1)]
    return None if found.empty else float(found["value"].iloc[0])


def _against_none(
    mean: pd.DataFrame,
    evaluator: str,
    variants: Mapping[str, Mapping[str, Any]],
    aligned: str,
    better: list[str],
) -> str:
    """Say whether anchors do more than as much learning without any, and whether genes help."""
    supervised = [
        name for name in references(variants)[aligned] if variants[name]["stage2"] == "supervised"
    ]
    changes = {}
    if supervised:
        changes = scores_of(mean, aligned, evaluator, DIFFERENCE, supervised[0])
    parts, more, less, open_ = [], [], [], []
    for metric, words in CLAIMED.items():
        if metric not in changes:
            continue
        change = changes[metric]
        parts.append(change_in_words(change, words))
        if is_nothing(change["ci_low"]) or change["ci_low"] <= 0 <= change["ci_high"]:
            open_.append(words)
        else:
            (more if change["ci_low"] > 0 else less).append(words)
    if not parts:
        claim = ", so that genes help is not claimed" if better else ""
        return (
            f"What as much learning without anchors does was not asked{claim}; that takes a "
            f"variant of stage2: supervised and sampling: {variants[aligned]['sampling']}."
        )
    text = (
        f"Against as much learning without anchors ({supervised[0]}) real ones change it by "
        f"{' and '.join(parts)}."
    )
    if more:
        text += f" Anchors add to that {' and '.join(more)}."
    if less:
        text += f" As much learning without any does better {' and '.join(less)}."
    if open_:
        text += (
            f" Whether anchors add anything to it {' and '.join(open_)} cannot be told, so that "
            "genes are not said to help there."
        )
    helped = [words for words in better if words in more]
    if helped:
        text += f" That genes help is shown {' and '.join(helped)}."
    return text


def change_in_words(change: Mapping[str, Any], where: str) -> str:
    """Return a difference in points, where it is, and its interval."""
    text = cell(change, points)
    ends = f" (95 % {text['interval']})" if text["interval"] else " (no interval)"
    return f"{text['value']} points {where}{ends}"
