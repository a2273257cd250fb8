"""What the page says wherever a variant is named: not aligned, or a bad start."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role, over_seeds
from visgen.report.cells import cell
from visgen.report.page import format_number
from visgen.report.visual_genetic.scores import scores_of
from visgen.visual_genetic.recognition.alignment import (
    ALIGNMENT,
    COSINES,
    find_aligned,
    that_decide,
)
from visgen.visual_genetic.recognition.comparisons import references

#: How the mark of a variant begins of which nothing is claimed.
NOT_ALIGNED = "not aligned"

#: By how much of its mean over taxa a projection is worse than its features before it is marked.
WORSE_BY = 0.05

_PART_WORDS = {"val": "validation", "train": "training"}


def alignment_rows(
    scores: pd.DataFrame, variants: Mapping[str, Mapping[str, Any]], steps: int
) -> list[dict[str, Any]]:
    """Return a row for each aligned variant: whether images came to the anchor of their own taxon.

    Parameters
    ----------
    scores
        Columns of the contract, by seed.
    variants
        By name: anchors.
    steps
        Of stage 2.

    Returns
    -------
    list of dict
        variant, steps, part (validation or training; None where nothing could be aligned), n
        (images), own, other, permuted_own, permuted_other (cells), verdict (None beside the part
        that decides).
    """
    aligned, of_steps = find_aligned(scores), over_seeds(scores[scores["evaluator"] == ALIGNMENT])
    decide = that_decide(scores)
    rows = []
    for name in (name for name, options in variants.items() if options["anchors"] is not None):
        of_variant = of_steps[of_steps["variant"] == name]
        verdict = "could not be aligned"
        if name in aligned:
            verdict = "aligned" if aligned[name] else NOT_ALIGNED
            if not aligned[name] and (n := _seeds_aligned(scores, name))[0]:
                verdict += f" ({n[0]} of {n[1]} seeds are)"
        for part in dict.fromkeys(of_variant["part"]) or [None]:
            of_part = of_variant[of_variant["part"] == part]
            real, null = (
                of_role(of_part, role).set_index("metric").to_dict("index")
                for role in (SCORE, EXPECTED)
            )
            own, other = (cell(real.get(metric), _cosine) for metric in COSINES)
            permuted = [cell(null.get(metric), _cosine) for metric in COSINES]
            decides = part is None or part in set(decide.loc[decide["variant"] == name, "part"])
            row = {"variant": name, "steps": steps, "verdict": verdict if decides else None}
            row |= {"part": None if part is None else _PART_WORDS[part], "own": own, "other": other}
            row |= {"n": None if own is None else own["n"]}
            rows.append(row | dict(zip(("permuted_own", "permuted_other"), permuted, strict=True)))
    return rows


def _seeds_aligned(scores: pd.DataFrame, variant: str) -> tuple[int, int]:
    """Return in how many seeds a variant is aligned, and of how many."""
    of_variant = scores[scores["variant"] == variant]
    seeds = dict.fromkeys(of_variant.loc[of_variant["evaluator"] == ALIGNMENT, "seed"])
    found = [find_aligned(of_variant[of_variant["seed"] == seed])[variant] for seed in seeds]
    return sum(found), len(found)


def _cosine(value: float) -> str:
    return format_number(value, 3)


def training_came(scores: pd.DataFrame, variant: str) -> bool:
    """Return whether training images came to their anchors, in every seed."""
    return find_aligned(scores[(scores["variant"] == variant) & (scores["part"] == "train")]) == {
        variant: True
    }


def worse_projections(
    mean: pd.DataFrame, evaluator: str, variants: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[str, float]]:
    """Return projections that recognise fewer than the features they are made of.

    Returns
    -------
    dict
        By variant whose projection is as stage 1 left it: the variant of its features, and the
        difference, below minus `WORSE_BY`, of means over taxa.
    """
    found = {}
    for name, beside in references(variants).items():
        if variants[name]["stage2"] != "projection":
            continue
        for features in beside:
            less = scores_of(mean, name, evaluator, DIFFERENCE, features).get("balanced_accuracy")
            if less is not None and less["value"] < -WORSE_BY:
                found[name] = (features, less["value"])
    return found


def marks_of(
    scores: pd.DataFrame, evaluator: str, variants: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Return what is to be said wherever a variant is named: not aligned, or a bad start.

    Parameters
    ----------
    scores
        Columns of the contract, by seed.
    evaluator
        By which projections are compared with features.
    variants
        By name: regime, anchors, stage2, sampling.
    """
    worse = worse_projections(over_seeds(scores), evaluator, variants)
    marks = dict.fromkeys(worse, "worse than its features")
    for row in alignment_rows(scores, variants, 0):
        if (row["verdict"] or "").startswith(NOT_ALIGNED):
            cosines = f"own {row['own']['value']}, nearest other {row['other']['value']}"
            marks[row["variant"]] = f"{NOT_ALIGNED}: {cosines}"
    return marks
