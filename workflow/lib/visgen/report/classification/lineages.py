"""What the page says of joint answers: whole lineages, their sets, and how deep to name."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.classification.confidence.lineage_sets import FLAT, NODES
from visgen.classification.confidence.redeals import REDEALT
from visgen.classification.confidence.set_coverage import GROUPS, VALID_MEAN, of_group
from visgen.classification.evaluators import (
    ALL_RANKS,
    INDEPENDENT,
    JOINT,
    LEAST_COST,
    MARGINAL,
    ROLLED_UP,
)
from visgen.metrics import DIFFERENCE, EXPECTED, SCORE
from visgen.report.cells import cell, interval_in_words, points
from visgen.report.classification.rows import FEW
from visgen.report.page import format_number, format_percent, is_nothing

#: What sets are called on the page.
KINDS = {
    FLAT[0]: "lists of lineages",
    FLAT[1]: "lists, rare and common apart",
    NODES[0]: "one taxon of any rank",
    NODES[1]: "one taxon, rare and common apart",
}

_GAINED = "Points gained over asking it rank by rank"
_LOST = "Points lost against asking it rank by rank"

#: Metric of a score by evaluator, rank, part, role and against.
Found = dict[tuple[str, str, str, str, str], dict[str, Any]]


def joint_rows(
    scores: pd.DataFrame, joint: pd.DataFrame, ranks: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what asking all ranks together gives, by backbone and rank.

    Parameters
    ----------
    scores
        As `visgen.metrics.over_seeds` returns them, of validation and test.
    joint
        Columns backbone, variant, value and n (on validation): the classifier that was chosen for
        joint answers.
    ranks
        Coarse to fine.
    """
    rows = []
    for pick in joint.to_dict("records"):
        balanced = _found(scores, pick, "balanced_accuracy")
        distance = _found(scores, pick, "taxonomic_distance")
        weights = _found(scores, pick, "weight")
        errors = _found(scores, pick, "ece")
        for rank in ranks:
            if (JOINT, rank, "test", SCORE, "") not in balanced:
                continue
            error = errors.get((MARGINAL, rank, "test", SCORE, ""))
            perfect = errors.get((MARGINAL, rank, "test", EXPECTED, "calibrated"))
            gain, of_images = _gain(scores, pick, rank)
            difference = cell(gain, points)
            if of_images:
                difference |= {"lines": ["of images"]}
            named = (INDEPENDENT, JOINT, LEAST_COST, MARGINAL, ROLLED_UP)
            texts = [cell(balanced.get((name, rank, "test", SCORE, ""))) for name in named]
            texts.insert(2, difference)
            texts += [
                cell(distance.get((name, rank, "test", SCORE, "")), format_number)
                for name in (INDEPENDENT, JOINT, LEAST_COST)
            ]
            rows.append({
                "backbone": pick["backbone"],
                "rank": rank,
                "variant": pick["variant"],
                "n": int(balanced[JOINT, rank, "test", SCORE, ""]["n"]),
                "weight": weights.get((JOINT, rank, "val", SCORE, ""), {}).get("value"),
                "error": None if error is None else error["value"],
                "perfect": None if perfect is None else perfect["value"],
                "texts": texts,
            })  # fmt: skip
    return rows


def set_rows(scores: pd.DataFrame, joint: pd.DataFrame) -> list[dict[str, Any]]:
    """Return coverage, size and depth of flat sets and of nodes, by backbone, kind and group."""
    rows = []
    for pick in joint.to_dict("records"):
        depth = _found(scores, pick, "depth")
        for group in GROUPS:
            metrics = ("coverage", "unconditional_coverage", "set_size", "outside")
            coverage, whole, size, outside = (
                _found(scores, pick, of_group(metric, group)) for metric in metrics
            )
            for kind, name in KINDS.items():
                own = coverage.get((kind, ALL_RANKS, "test", SCORE, ""))
                again = coverage.get((kind, ALL_RANKS, REDEALT, SCORE, ""))
                if own is None and again is None:
                    continue
                rows.append({
                    "backbone": pick["backbone"],
                    "variant": pick["variant"],
                    "kind": name,
                    "group": group,
                    "coverage": cell(own),
                    "valid": _range(coverage.get((kind, ALL_RANKS, "test", EXPECTED, VALID_MEAN))),
                    "whole": cell(whole.get((kind, ALL_RANKS, "test", SCORE, ""))),
                    "redealt": cell(again),
                    "redealt_valid": _range(
                        coverage.get((kind, ALL_RANKS, REDEALT, EXPECTED, VALID_MEAN))
                    ),
                    "size": _value(size.get((kind, ALL_RANKS, "test", SCORE, ""))),
                    "depth": _value(depth.get((kind, ALL_RANKS, "test", SCORE, "")))
                    if group == GROUPS[0]
                    else None,
                    "outside": _value(outside.get((kind, ALL_RANKS, "test", SCORE, ""))),
                    "n": None if own is None else int(own["n"]),
                })  # fmt: skip
    return rows


def depth_rows(
    scores: pd.DataFrame, joint: pd.DataFrame, ranks: Sequence[str]
) -> list[dict[str, Any]]:
    """Return how many specimens nodes name at each rank, and how often rightly."""
    rows = []
    for pick in joint.to_dict("records"):
        named, right = (_found(scores, pick, metric) for metric in ("named", "named_accuracy"))
        for kind in NODES:
            for rank in ranks:
                key = (kind, rank, "test", SCORE, "")
                if key in named:
                    rows.append({
                        "backbone": pick["backbone"],
                        "kind": KINDS[kind],
                        "rank": rank,
                        "named": cell(named[key]),
                        "right": cell(right.get(key)),
                        "n": int(named[key]["n"]),
                    })  # fmt: skip
    return rows


def joint_findings(
    scores: pd.DataFrame, joint: pd.DataFrame, ranks: Sequence[str], labels: Mapping[str, str]
) -> list[str]:
    """Say what the specimens are called when all ranks are asked together, and how deep."""
    sentences = []
    for pick in joint.to_dict("records"):
        balanced = _found(scores, pick, "balanced_accuracy")
        own = [rank for rank in ranks if (JOINT, rank, "test", SCORE, "") in balanced]
        if not own:
            continue
        named = ", ".join(
            f"{rank} {format_percent(balanced[JOINT, rank, 'test', SCORE, '']['value'])}"
            for rank in own
        )
        n = int(max(balanced[JOINT, rank, "test", SCORE, ""]["n"] for rank in own))
        sentence = (
            f"Asked for whole lineages, {pick['variant'].replace('_', ' ')} on "
            f"{labels[pick['backbone']]} names rightly, as a mean over taxa: {named} (up to {n} "
            "test specimens)."
        )
        said = [sentence, _choice(pick, balanced, own), _impossible(scores, pick)]
        said += _gains(scores, pick, own)
        sentences.append(" ".join(filter(None, said)))
        if deep := _depth(scores, pick, own):
            sentences.append(deep)
    return sentences


def _choice(pick: Mapping[str, Any], balanced: Found, ranks: Sequence[str]) -> str:
    """Say on how many specimens it was chosen, and what it loses from there to test."""
    if is_nothing(pick["value"]):
        return ""
    test = [balanced[JOINT, rank, "test", SCORE, ""]["value"] for rank in ranks]
    change = points(sum(test) / len(test) - pick["value"])
    luck = ", so few that luck has a part in it" if pick["n"] < FEW else ""
    return (
        f"It was chosen, and its ranks were weighed, on {int(pick['n'])} validation "
        f"specimens{luck}; from there to test its mean over ranks changes by {change} points."
    )


def _impossible(scores: pd.DataFrame, pick: Mapping[str, Any]) -> str:
    """Say how often ranks contradict each other when each is asked by itself, and together."""
    rates = _found(scores, pick, "impossible_lineages")
    alone = rates.get((INDEPENDENT, ALL_RANKS, "test", SCORE, ""))
    together = rates.get((JOINT, ALL_RANKS, "test", SCORE, ""))
    if alone is None or together is None:
        return ""
    return (
        f"Ranks that are asked one by one contradict each other for "
        f"{format_percent(alone['value'])} of the test images "
        f"({interval_in_words(alone, format_percent)}), asked together for "
        f"{format_percent(together['value'])}."
    )


def _gains(scores: pd.DataFrame, pick: Mapping[str, Any], ranks: Sequence[str]) -> list[str]:
    """Say at which ranks joint answers are better or worse than the same classifier's own."""
    said: dict[str, list[str]] = {_GAINED: [], _LOST: [], "Cannot tell": []}
    for rank in ranks:
        gain, of_images = _gain(scores, pick, rank)
        if gain is None:
            continue
        text = f"{rank} {points(gain['value'])}{' of images' if of_images else ''}"
        if is_nothing(gain["ci_low"]):
            said["Cannot tell"].append(text)
            continue
        verdict = "Cannot tell"
        if gain["ci_low"] > 0:
            verdict = _GAINED
        elif gain["ci_high"] < 0:
            verdict = _LOST
        said[verdict].append(f"{text} ({interval_in_words(gain, points)})")
    return [f"{verdict}: {'; '.join(texts)}." for verdict, texts in said.items() if texts]


def _gain(
    scores: pd.DataFrame, pick: Mapping[str, Any], rank: str
) -> tuple[Mapping[str, Any] | None, bool]:
    """Return what joint answers gain, and whether over images: means over taxa may have no limits.

    A taxon with one test specimen adds no width, so where most are such, images are told.
    """
    key = (JOINT, rank, "test", DIFFERENCE, INDEPENDENT)
    found = [_found(scores, pick, metric).get(key) for metric in ("balanced_accuracy", "accuracy")]
    if found[0] is not None and is_nothing(found[0]["ci_low"]) and found[1] is not None:
        return found[1], True
    return found[0], False


def _depth(scores: pd.DataFrame, pick: Mapping[str, Any], ranks: Sequence[str]) -> str:
    """Say how many specimens can be named at each rank with the promised confidence."""
    named, right = (_found(scores, pick, metric) for metric in ("named", "named_accuracy"))
    coverage = _found(scores, pick, "coverage")
    n_seeds = {
        kind: named[kind, ranks[-1], "test", SCORE, ""]["n_seeds"]
        for kind in reversed(NODES)
        if (kind, ranks[-1], "test", SCORE, "") in named
    }
    # The same where rare and common taxa could be calibrated apart in some seeds only.
    kind = max(n_seeds, key=n_seeds.get, default=None)  # of equals the first
    promised = coverage.get((kind, ALL_RANKS, "test", EXPECTED, VALID_MEAN))
    if kind is None or promised is None:
        return ""
    parts = []
    for rank in reversed(ranks):
        key = (kind, rank, "test", SCORE, "")
        if key not in named:
            continue
        text = f"{format_percent(named[key]['value'])} to {rank}"
        if key in right:
            text += f" ({format_percent(right[key]['value'])} of these rightly)"
        parts.append(text)
    both = " of rare and of common taxa alike" if kind == NODES[1] else ""
    own = coverage[kind, ALL_RANKS, "test", SCORE, ""]
    sentence = (
        f"Named only as deep as one taxon holds the truth for "
        f"{format_percent(promised['value'])} of the specimens{both}, test specimens are named: "
        f"{', '.join(parts)}; that taxon held the truth for {format_percent(own['value'])} "
        f"({interval_in_words(own, format_percent)}, n = {int(own['n'])})"
    )
    if own["value"] < promised["ci_low"]:
        sentence += ", less than promised"
    return sentence + "."


def _found(scores: pd.DataFrame, pick: Mapping[str, Any], metric: str) -> Found:
    """Return one metric of a classifier by evaluator, rank, part, role and against."""
    own = scores[
        (scores["backbone"] == pick["backbone"])
        & (scores["variant"] == pick["variant"])
        & (scores["metric"] == metric)
    ]
    keys = ("evaluator", "rank", "part", "role", "against")
    return {
        tuple("" if pd.isna(row[key]) else row[key] for key in keys): row
        for row in own.to_dict("records")
    }


def _range(score: Mapping[str, Any] | None) -> str:
    return "–" if score is None else interval_in_words(score, format_percent)


def _value(score: Mapping[str, Any] | None) -> float | None:
    return None if score is None else score["value"]
