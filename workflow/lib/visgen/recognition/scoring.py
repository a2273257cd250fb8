"""Scores of recognition: every variant, evaluator and seed, their differences, and their nulls."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from visgen.recognition.comparisons import base_variants
from visgen.recognition.hits import count_hits, score_hits, taxa_of
from visgen.recognition.nulls import against_permuted
from visgen.recognition.runs import PARTS, Found

EXPERIMENT = "visual_genetic"


def score_recognition(
    found: Found,
    specimens: pd.DataFrame,
    n_train: Mapping[int, pd.Series],
    variants: Mapping[str, Mapping[str, Any]],
    *,
    tail: int,
    head: int,
    bootstraps: int,
) -> list[dict]:
    """Score every variant, evaluator, part and seed, with differences and nulls.

    Parameters
    ----------
    found
        As `collect_runs` returns it.
    specimens
        Index id; column specimen.
    n_train
        By seed: training images of each taxon.
    variants
        By name: regime, anchors (name of the set, None where nothing is aligned).
    tail, head
        A taxon is of the tail with fewer, of the head with more training images.
    bootstraps
        Samples of specimens behind each interval.

    Returns
    -------
    list of dict
        variant, anchors, evaluator, part, seed, metric, value, ci_low, ci_high, p, n. Beside the
        evaluators themselves, on test: ``<evaluator>:minus:<variant>``, the difference to the
        variant of the same regime without anchors over the same images, and what
        `visgen.recognition.nulls.against_permuted` returns. A metric of no taxa has no row.

    Raises
    ------
    ValueError
        If a variant and the one that it is compared with predict different images.
    """
    rows = []
    for seed in sorted(n_train):
        tables = {run.variant: t for run, t in found.real.items() if run.seed == seed}
        counted = taxa_of(n_train[seed], tail, head)
        for part in PARTS:
            by_name = {
                (variant, evaluator): rows_of.sort_values("id")
                for variant, table in tables.items()
                for evaluator, rows_of in table[table["part"] == part].groupby("evaluator")
            }
            shared = {"part": part, "seed": seed}
            bases = base_variants(variants) if part == "test" else {}
            pairs = _pairs(by_name, bases, seed)
            for same in _same_images(by_name):
                one = by_name[same[0]]
                of_images = specimens.loc[one["id"], "specimen"]
                taxa = n_train[seed].index
                scores, differences = score_hits(
                    {name: count_hits(by_name[name], of_images, taxa) for name in same},
                    counted,
                    one["truth"],
                    of_images,
                    pairs=[pair for pair in pairs if pair[0] in same],
                    bootstraps=bootstraps,
                    seed=seed,
                )
                rows += [
                    {"variant": variant, "evaluator": evaluator} | shared | row
                    for (variant, evaluator), of_name in scores.items()
                    for row in of_name
                ]
                rows += [
                    {"variant": variant, "evaluator": f"{evaluator}:minus:{base}"} | shared | row
                    for ((variant, evaluator), (base, _)), of_pair in differences.items()
                    for row in of_pair
                ]
    for variant in dict.fromkeys(run.variant for run in found.shares):
        runs = {run.seed: t for run, t in found.shares.items() if run.variant == variant}
        tests = against_permuted(runs, f"variant {variant}")
        rows += [{"variant": variant, "part": "test"} | row for row in tests]
    return [{"anchors": variants[row["variant"]]["anchors"]} | row for row in rows]


def _same_images(by_name: Mapping[tuple, pd.DataFrame]) -> list[list[tuple]]:
    """Group names that predict the same images."""
    groups: dict[tuple, list[tuple]] = {}
    for name, table in by_name.items():
        groups.setdefault(tuple(table["id"]), []).append(name)
    return list(groups.values())


def _pairs(by_name: Mapping[tuple, pd.DataFrame], bases: Mapping[str, str], seed: int) -> list:
    """Return pairs of an aligned and its unaligned variant, by evaluator; same images only."""
    pairs = []
    for variant, evaluator in by_name:
        base = (bases.get(variant), evaluator)
        if base not in by_name:
            continue
        images, others = (set(by_name[name]["id"]) for name in ((variant, evaluator), base))
        if images != others:
            raise ValueError(
                f"variant {variant}, seed {seed}: {evaluator} predicts {len(images)} images, "
                f"variant {base[0]} {len(others)}, expected the same ones; they differ in "
                f"{min(images ^ others)}"
            )
        pairs.append(((variant, evaluator), base))
    return pairs


def choose_neighbours(scores: pd.DataFrame) -> str:
    """Choose the number of neighbours on validation, one for all variants and seeds.

    Parameters
    ----------
    scores
        Columns of the contract, of this experiment.

    Returns
    -------
    str
        Evaluator ``knn_<k>`` with the largest mean balanced accuracy on the validation part; of
        equals the one with fewest neighbours.

    Raises
    ------
    ValueError
        If no such evaluator has a score there.
    """
    is_knn = scores["evaluator"].str.fullmatch(r"knn_\d+")
    chosen = is_knn & (scores["part"] == "val") & (scores["metric"] == "balanced_accuracy")
    means = scores[chosen].groupby("evaluator")["value"].mean()
    if means.empty:
        raise ValueError(
            "no number of neighbours can be chosen: no knn evaluator has a balanced accuracy on "
            "the validation part"
        )
    return max(means.index, key=lambda name: (round(means[name], 12), -int(name[4:])))


def of_rank(table: pd.DataFrame, rank: str) -> pd.DataFrame:
    """Return the rows of a table of scores, own or published, that are of a rank."""
    return table[table["rank"] == rank]
