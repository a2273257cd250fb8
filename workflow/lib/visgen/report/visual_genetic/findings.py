"""What recognition with and without genetic anchors shows, in plain sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from visgen.metrics import DIFFERENCE, EXPECTED, SCORE, of_role, over_seeds
from visgen.report.cells import cell, points
from visgen.report.page import format_number, format_percent, is_nothing
from visgen.report.visual_genetic.alignment import alignment_rows, training_came, worse_projections
from visgen.report.visual_genetic.genes import (
    CLAIMED,
    change_in_words,
    genes_in_words,
    others_in_words,
)
from visgen.report.visual_genetic.scores import scores_of
from visgen.visual_genetic.recognition.alignment import ALIGNMENT, find_aligned
from visgen.visual_genetic.recognition.comparisons import main_pair, not_aligned_last
from visgen.visual_genetic.recognition.evaluators import (
    ANCHOR,
    chosen_evaluator,
    evaluator_in_words,
    is_validated,
)
from visgen.visual_genetic.recognition.unseen_scores import BY_FREQUENCY, UNIFORMLY
from visgen.visual_genetic.scopes import KINDS

_WITHHELD = {
    "unseen_species": "Taxa withheld one by one from all training",
    "unseen_genera": "Taxa withheld by whole groups",
}


def visual_genetic_findings(
    scores: pd.DataFrame, variants: Mapping[str, Mapping[str, Any]], rank: str, steps: int
) -> list[str]:
    """Say what the scores show, null results included.

    Parameters
    ----------
    scores
        Columns of the contract, by seed.
    variants
        By name: regime, anchors, permutations, stage2, sampling.
    rank
        Of the taxa.
    steps
        Of stage 2.

    Returns
    -------
    list of str
        A change is called shown where its interval leaves out 0. Genes are judged by
        `visgen.claims` where real anchors are set against permuted ones, in one variant: of those
        that are aligned that with most permutations. From what is not aligned nothing is claimed.
    """
    mean, aligned, evaluator = over_seeds(scores), find_aligned(scores), chosen_evaluator(scores)
    if not (of_role(mean, SCORE)["part"] == "test").any():
        return [
            f"Recognition of {rank} could not be scored, so this study does not show whether genes "
            "help. That needs two taxa with training images, and test images of one of them."
        ]
    pair = main_pair(not_aligned_last(variants, aligned))
    if pair is None:
        return [
            "No variant is aligned to anchors beside one of its regime that is not, so nothing is "
            "said of what genetics adds."
        ]
    base, main = pair
    still = _not_aligned(scores, variants, steps)
    sentences = [_level(mean, evaluator, base, rank)]
    sentences += _bad_starts(mean, evaluator, variants)
    if not scores_of(mean, main, evaluator) or main not in aligned:
        return [
            *filter(None, sentences),
            f"Images could not be aligned ({main}), since fewer than two taxa with training "
            "images have an anchor, so this study does not show whether genes help.",
            *still,
        ]
    told = [name for name in aligned if aligned[name]]
    if not aligned[main]:
        return [*filter(None, sentences), *still]
    sentences.append(_change(mean, evaluator, base, main))
    sentences.append(genes_in_words(mean, evaluator, variants, main))
    others = [name for name in variants if name in told and name != main]
    sentences += others_in_words(mean, evaluator, others, main)
    sentences += still
    sentences += _of_unseen(mean, evaluator, [main, *others])
    return [sentence for sentence in sentences if sentence]


def _not_aligned(
    scores: pd.DataFrame, variants: Mapping[str, Mapping[str, Any]], steps: int
) -> list[str]:
    """Say in which variants images did not come to their anchors, and what may help."""
    aligned = find_aligned(scores)
    parts, names = [], []
    for row in alignment_rows(scores, variants, steps):
        if row["verdict"] is None or aligned.get(row["variant"], True):
            continue
        names.append(row["variant"])
        images = f"{row['n']:,} {row['part']} image{'s' * (row['n'] != 1)}"
        seeds = row["verdict"].partition(" (")[2]
        parts.append(
            f"{row['variant']} (own {row['own']['value']}, nearest other {row['other']['value']}, "
            f"{images}{'; ' if seeds else ''}{seeds.removesuffix(')')})"
        )
    if not parts:
        return []
    advice = (
        "More steps or another learning rate may help (visual_genetic.alignment.steps, "
        "visual_genetic.alignment.learning_rate)."
    )
    if all(training_came(scores, name) for name in names):
        advice = (
            "Training images did come to their anchors, so that more steps will not help: what is "
            "learned does not carry over to images that were not learned from."
        )
    lie = "lie no nearer"
    if len(set(scores.loc[scores["evaluator"] == ALIGNMENT, "seed"])) > 1:
        lie = "do not lie nearer in every seed"
    return [
        f"Not aligned: after {steps:,} step{'s' * (steps != 1)} images {lie} to the anchor of "
        f"their own taxon than to the nearest of another, in {', '.join(parts)}, so that nothing "
        f"is claimed of genes there. {advice}"
    ]


def _bad_starts(
    mean: pd.DataFrame, evaluator: str, variants: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Say of which projections less is recognised than of the features that they are made of."""
    sentences = []
    for name, (features, change) in worse_projections(mean, evaluator, variants).items():
        regime = variants[name]["regime"]
        learned = [
            other
            for other, options in variants.items()
            if options["regime"] == regime and options["stage2"] in ("supervised", "anchors")
        ]
        on = f": what is learned on from there ({', '.join(learned)}) starts behind them"
        sentences.append(
            f"The projection of the regime {regime} ({name}) recognises "
            f"{points(change).removeprefix('−')} points less over all taxa than the features it is "
            f"made of ({features}){on if learned else ''}."
        )
    return sentences


def _level(mean: pd.DataFrame, evaluator: str, base: str, rank: str) -> str:
    found = scores_of(mean, base, evaluator)
    shares = [
        _with_interval(found[metric], words) for metric, words in CLAIMED.items() if metric in found
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
    for metric, words in CLAIMED.items():
        if metric not in found:
            continue
        score = found[metric]
        parts.append(change_in_words(score, words))
        if not is_nothing(score["ci_low"]) and score["ci_low"] * score["ci_high"] > 0:
            what = "gain" if score["value"] > 0 else "loss"
            shown.append(f"a {what} is shown {words}")
    if not parts:
        return ""
    verdict = (
        ", ".join(shown).capitalize() + "." if shown else "Cannot tell whether it changes anything."
    )
    return f"Alignment ({aligned}) changes that by {' and '.join(parts)}. {verdict}"


def _of_unseen(mean: pd.DataFrame, evaluator: str, aligned: Sequence[str]) -> list[str]:
    """Say where the first of some variants places withheld taxa, at the finest rank of each way."""
    sentences = []
    placed = mean[(mean["metric"] == "placed") & mean["variant"].isin(aligned)]
    if placed.empty:
        return []
    first = next(name for name in aligned if (placed["variant"] == name).any())
    for kind in KINDS:
        parts = []
        for way in (evaluator, ANCHOR):
            found = placed[
                placed[["variant", "part", "evaluator"]].eq([first, kind, way]).all(axis=1)
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
            sentences.append(f"{_WITHHELD[kind]} are placed ({first}) {'; '.join(parts)}.")
    return sentences
