"""Scores of taxa that are known by their relatives, what relatives add, and the nulls of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from visgen.bootstrap import bayesian_weights
from visgen.metrics import DIFFERENCE, EXPECTED
from visgen.prior.options import TAXONOMY
from visgen.prior.recognition import BALANCED

EXPERIMENT = "prior"
#: Without relatives: the mean look of a taxon's own training images.
NOTHING = "nothing"
#: What a source adds to the taxonomy is asked of both together.
BEYOND_TAXONOMY = "_beyond_taxonomy"

#: Parts: taxa with training images, and those without any.
SEEN, UNSEEN = "test", "unseen"
#: Columns of the table of what each taxon scores; n_train is of specimens.
TAXA_COLUMNS = ["seed", "part", "n_train", "taxon", "relatives", "evaluator", "measure"]
TAXA_COLUMNS += ["n_asked", "value"]
#: Columns of the table of refits to permuted relatives.
PERMUTED_COLUMNS = ["seed", "null", "relatives", "permutation", "part", "metric", "value"]
#: Null: relatives are dealt to other taxa; with a rank, within its groups only.
PERMUTED = "permuted_taxa"
PERMUTED_WITHIN = "permuted_within_"
#: Measure of seen taxa: share of a taxon's images that are named right.
RIGHT = "right"
#: Means over taxa: all of them, those with few training specimens, and the others.
OVER_TAXA = ("balanced_accuracy", "tail_accuracy", "head_accuracy")
#: Taxa that are scored apart, and rare ones without them.
APART, WITHOUT_APART = "apart_accuracy", "tail_accuracy_without_apart"
#: How many more training specimens would do as much as relatives do.
WORTH = "worth"


#: How images are named where claims are made of it.
MAIN = BALANCED


def curve_part(n_train: int) -> str:
    """Return the part of the learning curve where every taxon has so many training specimens."""
    return f"curve_{n_train}"


def beyond(source: str) -> str:
    """Return the name of a source together with the taxonomy."""
    return f"{source}{BEYOND_TAXONOMY}"


def check_taxa(key: str, named: Collection[str], taxa: Collection[str]) -> None:
    """Refuse a name in the configuration that is no taxon of the study.

    Raises
    ------
    ValueError
        With the key, the name and near ones.
    """
    for name in sorted(set(named) - set(taxa)):
        near = get_close_matches(name, list(taxa), n=3)
        hint = f"; near names are {', '.join(near)}" if near else ""
        raise ValueError(f"config key {key}: found {name!r}, which is no taxon of the study{hint}")


def score_prior(
    taxa: pd.DataFrame,
    permuted: pd.DataFrame,
    *,
    tail: int,
    apart: Collection[str] = (),
    bootstraps: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Score what is expected from relatives, over all seeds together.

    Parameters
    ----------
    taxa
        Columns `TAXA_COLUMNS`: of every seed, part, taxon, source of relatives (`NOTHING` among
        them) and evaluator what the taxon scores, a mean over its specimens.
    permuted
        Columns `PERMUTED_COLUMNS`: what refits to permuted relatives score.
    tail
        Taxa with fewer training specimens are rare.
    apart
        Taxa that are scored apart, too.
    bootstraps
        Samples of taxa.
    seed
        Of the samples.

    Returns
    -------
    list of dict
        variant (the source), evaluator, part, metric, role, against, value, ci_low, ci_high, p, n
        (taxa, the mean over seeds, rounded), n_permutations:

        - each mean over taxa, of each seed, then over seeds. Limits from a Bayesian bootstrap
          over taxa, with the same weights in every seed and for every source;
        - the difference to `NOTHING`, and of a source with the taxonomy that to the taxonomy
          alone, with the same weights; p is that of `PERMUTED`;
        - each null: mean and range of 95 % of refits, p of this null;
        - of the learning curve, how many more specimens without relatives do as much (`WORTH`).
    """
    names = sorted(taxa["taxon"].unique())
    rng = np.random.default_rng(seed)
    weights = np.vstack([np.ones(len(names)), bayesian_weights(len(names), bootstraps, rng)])
    rows: list[dict[str, Any]] = []
    for (part, evaluator), table in taxa.groupby(["part", "evaluator"], sort=False):
        for metric, counted in _counted(part, table, tail, apart):
            means = {
                relatives: _weighted(of_it, names, weights)
                for relatives, of_it in counted.groupby("relatives", sort=False)
            }
            shared = {"evaluator": evaluator, "part": part, "metric": metric}
            shared["n"] = round(counted.groupby("seed")["taxon"].nunique().mean())
            refits = permuted[(permuted["part"] == part) & (permuted["metric"] == metric)]
            for relatives, samples in means.items():
                label = shared | {"variant": relatives}
                rows.append(label | _summary(samples))
                tests = []
                if evaluator == MAIN:
                    own = refits[refits["relatives"] == relatives]
                    tests = list(_nulls(float(samples[0]), own))
                    rows += [label | null for null in tests]
                for other in _compared(relatives, means):
                    row = {"role": DIFFERENCE, "against": other}
                    row |= _summary(samples - means[other])
                    # What is permuted is all of a source, or what it adds to the taxonomy.
                    if (other == TAXONOMY) == relatives.endswith(BEYOND_TAXONOMY):
                        row |= _test(tests)
                    rows.append(label | row)
    return rows + list(_worths(taxa, names, weights))


def _test(nulls: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return p and its permutations, of the null in which all taxa change places, if it is made."""
    of_all = [null for null in nulls if null["against"] == PERMUTED]
    return {key: null[key] for null in of_all for key in ("p", "n_permutations")}


def _counted(
    part: str, table: pd.DataFrame, tail: int, apart: Collection[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each metric with the rows that it is a mean of."""
    if part != SEEN:
        yield from ((str(measure), rows) for measure, rows in table.groupby("measure", sort=False))
        return
    is_rare, is_apart = table["n_train"] < tail, table["taxon"].isin(apart)
    parts = dict(zip(OVER_TAXA, (table, table[is_rare], table[~is_rare]), strict=True))
    if len(apart):
        parts |= {APART: table[is_apart], WITHOUT_APART: table[is_rare & ~is_apart]}
    yield from ((metric, rows) for metric, rows in parts.items() if len(rows))


def _weighted(table: pd.DataFrame, names: list[str], weights: np.ndarray) -> np.ndarray:
    """Return (samples,) means over seeds of weighted means over taxa."""
    wide = table.pivot_table("value", "seed", "taxon").reindex(columns=names)
    values = wide.to_numpy(float)
    there = ~np.isnan(values)
    sums = weights @ np.nan_to_num(values).T
    return (sums / (weights @ there.T)).mean(axis=1)


def _summary(samples: np.ndarray) -> dict[str, float]:
    """Return the value and, where there are samples, its limits."""
    found = {"value": float(samples[0])}
    if len(samples) > 1:
        low, high = np.percentile(samples[1:], [2.5, 97.5])
        found |= {"ci_low": float(low), "ci_high": float(high)}
    return found


def _compared(relatives: str, means: Mapping[str, np.ndarray]) -> list[str]:
    """Return what a source is compared with."""
    others = [NOTHING] if relatives != NOTHING else []
    if relatives.endswith(BEYOND_TAXONOMY):
        others.append(TAXONOMY)
    return [other for other in others if other in means]


def _nulls(value: float, refits: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield what refits to each null score, means over seeds first."""
    n_seeds = refits["seed"].nunique()
    for name, null in refits.groupby("null", sort=False):
        of_permutation = null.groupby("permutation")["value"]
        scores = of_permutation.mean()[of_permutation.count() == n_seeds].to_numpy()
        if not len(scores):
            continue
        low, high = np.percentile(scores, [2.5, 97.5])
        # Shares of the same counts, added in another order, must count as equal.
        p = (1 + np.sum(scores >= value - 1e-12)) / (len(scores) + 1)
        yield {
            "role": EXPECTED,
            "against": str(name),
            "value": float(scores.mean()),
            "ci_low": float(low),
            "ci_high": float(high),
            "p": float(p),
            "n_permutations": len(scores),
        }


def _worths(taxa: pd.DataFrame, names: list[str], weights: np.ndarray) -> Iterator[dict[str, Any]]:
    """Yield how many more specimens without relatives do as much as each source.

    Between two points of the curve accuracy is taken for a straight line. Where relatives reach
    more than the end of the curve it is that end, hence at least so many.
    """
    curve = taxa[taxa["part"].str.startswith("curve_") & (taxa["evaluator"] == MAIN)]
    if curve.empty:
        return
    without = curve[curve["relatives"] == NOTHING]
    of_points = {n: _weighted(rows, names, weights) for n, rows in without.groupby("n_train")}
    numbers = np.array(list(of_points), float)
    heights = np.maximum.accumulate(np.array(list(of_points.values())), axis=0)  # (points, samples)
    for (n_train, relatives), rows in curve.groupby(["n_train", "relatives"], sort=False):
        if relatives == NOTHING or n_train >= numbers.max():
            continue
        reached = _weighted(rows, names, weights)
        found = [
            np.interp(height, points, numbers) - n_train
            for height, points in zip(reached, heights.T, strict=True)
        ]
        row = {"variant": relatives, "evaluator": MAIN, "part": curve_part(n_train)}
        yield row | {"metric": WORTH, "n": rows["taxon"].nunique()} | _summary(np.array(found))
