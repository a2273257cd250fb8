"""Scores of recognition: every variant, evaluator and seed, their differences, and their nulls."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from visgen.metrics import DIFFERENCE
from visgen.visual_genetic.recognition.chance import score_chance
from visgen.visual_genetic.recognition.comparisons import references
from visgen.visual_genetic.recognition.evaluators import KNN, NEIGHBOURS, neighbours_of
from visgen.visual_genetic.recognition.hits import count_hits, score_hits, taxa_of
from visgen.visual_genetic.recognition.nulls import against_permuted
from visgen.visual_genetic.recognition.runs import PARTS, Found

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
        By name: regime, anchors (name of the set, None where nothing is aligned), stage2 and
        sampling.
    tail, head
        As in `visgen.visual_genetic.recognition.hits.taxa_of`.
    bootstraps
        Samples of specimens behind each interval.

    Returns
    -------
    list of dict
        variant, anchors, evaluator, part, seed, metric, role, against, value, ci_low, ci_high, p,
        n, n_permutations. Beside the scores themselves, on test: the differences to its
        references (see `visgen.visual_genetic.recognition.comparisons.references`) over the same
        images, what `visgen.visual_genetic.recognition.nulls.against_permuted` returns, and
        what `visgen.visual_genetic.recognition.chance.score_chance` expects of any variant.
        A metric of no taxa has no row. Last what `choose_neighbours` returns.

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
            bases = references(variants) if part == "test" else {}
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
                    {"variant": variant, "evaluator": evaluator, "role": DIFFERENCE}
                    | {"against": base}
                    | shared
                    | row
                    for ((variant, evaluator), (base, _)), of_pair in differences.items()
                    for row in of_pair
                ]
    for variant in dict.fromkeys(run.variant for run in found.shares):
        runs = {run.seed: t for run, t in found.shares.items() if run.variant == variant}
        labels = {"variant": variant, "part": "test"}
        own = [row for row in rows if labels.items() <= row.items() and "role" not in row]
        tests = against_permuted(runs, own, f"variant {variant}")
        rows += [labels | row for row in tests]
    for seed in sorted({run.seed for run in found.real}):
        tables = [table for run, table in found.real.items() if run.seed == seed]
        test = pd.concat(table[table["part"] == "test"] for table in tables)
        truth = test.drop_duplicates("id")["truth"]
        if len(truth):
            labels = {"variant": None, "part": "test", "seed": seed}
            chance = score_chance(truth, n_train[seed], tail=tail, head=head)
            rows += [labels | row for row in chance]
    chosen = choose_neighbours(rows)
    sets = {name: variant["anchors"] for name, variant in variants.items()}
    return [*({"anchors": sets.get(row["variant"])} | row for row in rows), chosen]


def _same_images(by_name: Mapping[tuple, pd.DataFrame]) -> list[list[tuple]]:
    """Group names that predict the same images."""
    groups: dict[tuple, list[tuple]] = {}
    for name, table in by_name.items():
        groups.setdefault(tuple(table["id"]), []).append(name)
    return list(groups.values())


def _pairs(
    by_name: Mapping[tuple, pd.DataFrame], bases: Mapping[str, list[str]], seed: int
) -> list[tuple]:
    """Return pairs of a variant and each of its references, by evaluator; same images only."""
    pairs = []
    for variant, evaluator in by_name:
        for reference in bases.get(variant, []):
            base = (reference, evaluator)
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


def choose_neighbours(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Choose the number of neighbours on validation, one for all variants and seeds.

    Parameters
    ----------
    rows
        evaluator, part, metric, value, n.

    Returns
    -------
    dict
        The same. The value is the number with the largest mean balanced accuracy on the
        validation part, of equals the smallest; n is the least of these scores. Where none has a
        score there, it is the nearest image alone, and n is 0.
    """
    table = pd.DataFrame(rows, columns=["evaluator", "part", "metric", "value", "n"])
    table = table[table[["part", "metric"]].eq(["val", "balanced_accuracy"]).all(axis=1)]
    groups = table.groupby(table["evaluator"].map(neighbours_of))
    means = groups["value"].mean()
    labels = {"evaluator": KNN, "part": "val", "metric": NEIGHBOURS}
    if means.empty:
        return labels | {"value": 1, "n": 0}
    k = max(means.index, key=lambda k: (round(means[k], 12), -k))
    return labels | {"value": int(k), "n": int(groups["n"].min()[k])}
