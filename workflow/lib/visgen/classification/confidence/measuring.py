"""How far probabilities can be trusted: temperature scaling, reliability, and sets of taxa."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from visgen.classification.confidence.mean_coverage import Deal, by_group, mean_coverage_range
from visgen.classification.confidence.reliability import (
    CALIBRATED,
    calibration_error,
    errors_if_calibrated,
    reliability_bins,
)
from visgen.classification.confidence.set_coverage import (
    ALL,
    VALID_MEAN,
    mean_with_interval,
    of_group,
    score_sets,
)
from visgen.classification.confidence.slices import Images, slice_images, unknown_images
from visgen.classification.confidence.temperature import (
    brier_scores,
    scale_probabilities,
    score_temperature,
)
from visgen.classification.predictions import LABELS
from visgen.metrics import EXPECTED

BIN_COLUMNS = ["seed", "rank", "evaluator", "confidence", "accuracy", "n_images"]
OMITTED_COLUMNS = ["seed", "rank", "evaluator", "group", "reason"]


def measure_confidence(
    predictions: Mapping[tuple[int, str], pd.DataFrame],
    specimens: pd.Series,
    n_train: Mapping[tuple[int, str], pd.Series],
    *,
    tail: int,
    confidence: float,
    simulations: int = 200,
) -> tuple[list[dict], pd.DataFrame, list[dict]]:
    """Measure the probabilities of one classifier on the test part, by seed and rank.

    Parameters
    ----------
    predictions
        By (seed, rank): columns part, id, truth, predicted, and one probability a taxon.
    specimens
        Specimen of each image, index id.
    n_train
        By (seed, rank): training images of each taxon, index taxon.
    tail
        Taxa with fewer training images are the tail.
    confidence
        Share of specimens whose set of taxa should hold the true one.
    simulations
        Draws behind what calibrated probabilities give.

    Returns
    -------
    scores : list of dict
        rank, seed, part, evaluator, metric, role, against, value, ci_low, ci_high, n
        (specimens), n_permutations. ``uncalibrated`` and ``temperature`` have ``ece`` (no
        interval: bootstrapped, it is biased upwards), beside it the null ``calibrated`` (mean
        and 95 % range of `errors_if_calibrated`), and ``brier``, over images; ``temperature``
        also the temperature, of part val. The others are those of
        `visgen.classification.confidence.set_coverage.score_sets`, and without a seed those of
        `score_means`.
    bins : DataFrame
        seed, rank, evaluator, confidence, accuracy, n_images.
    omitted : list of dict
        seed, rank, evaluator, group (of taxa: all, head or tail), reason.

    Raises
    ------
    KeyError
        If a taxon has no number of training images, or an image no specimen.

    Notes
    -----
    The temperature is fitted to the choice half of the validation part, every specimen counting
    once; the sets are calibrated on the other half, with the first image of each specimen by id.
    Images of unknown taxa are left out, but of ``unconditional_coverage``: no classifier could
    name these. Conformal
    sets need exchangeable specimens, and a balanced test part beside long-tailed training and
    validation parts has none: compare ``coverage`` with its null ``valid_sets``.
    """
    scores, bins, omitted = [], [], []
    deals: dict[str, list[dict]] = defaultdict(list)
    for (seed, rank), table in sorted(predictions.items()):
        in_tail = n_train[seed, rank].loc[table.columns[len(LABELS) :]].to_numpy() < tail
        slices = slice_images(table, specimens)
        n_unknown = specimens.loc[unknown_images(table)].nunique()
        rows, curves, without = _measure(
            *slices, in_tail, confidence, simulations, seed, n_unknown=n_unknown
        )
        scores += [{"rank": rank, "seed": seed, "part": "test"} | row for row in rows]
        bins += [curve.assign(rank=rank, seed=seed) for curve in curves]
        omitted += [{"seed": seed, "rank": rank} | row for row in without]
        deals[rank].append(_deals(slices, in_tail, specimens))
    for rank, of_seeds in deals.items():
        means = score_means(of_seeds, confidence, "test")
        scores += [{"rank": rank} | row for row in means]
    table = pd.concat(bins, ignore_index=True) if bins else pd.DataFrame()
    return scores, table.reindex(columns=BIN_COLUMNS), omitted


def _measure(
    choice: Images,
    calibration: Images,
    test: Images,
    in_tail: np.ndarray,
    confidence: float,
    simulations: int,
    seed: int,
    *,
    n_unknown: int,
) -> tuple[list[dict], list[pd.DataFrame], list[dict]]:
    """Return scores, bins and omissions of one rank and seed."""
    scores, bins, omitted, temperature = [], [], [], 1.0
    if len(test.truth) == 0:
        reason = "no test image is of a taxon of the training part"
        return [], [], [{"evaluator": "all", "group": ALL, "reason": reason}]
    if len(choice.truth):
        fitted = score_temperature(choice)
        scores, temperature = [{"evaluator": "temperature"} | fitted], fitted["value"]
    else:
        reason = "no image to fit it to in the choice half of validation: the temperature stays 1"
        omitted = [{"evaluator": "temperature", "group": ALL, "reason": reason}]
    for evaluator, t in (("uncalibrated", 1.0), ("temperature", temperature)):
        rows, curve = score_reliability(test, t, simulations, seed)
        scores += [{"evaluator": evaluator} | row for row in rows]
        bins.append(curve.assign(evaluator=evaluator))
    first = test.one_a_specimen()
    rows, without = score_sets(
        (scale_probabilities(calibration.probabilities, temperature), calibration.truth),
        (scale_probabilities(first.probabilities, temperature), first.truth),
        in_tail,
        confidence=confidence,
        seed=seed,
        n_unknown=n_unknown,
    )
    return scores + rows, bins, omitted + without


def _deals(
    slices: tuple[Images, Images, Images], in_tail: np.ndarray, specimens: pd.Series
) -> dict[tuple[str, str], Deal]:
    """Return the split as deals, by evaluator and group of taxa."""
    _, calibration, test = slices
    test = test.one_a_specimen()
    test = test.select(np.isin(test.truth, calibration.truth))
    names = pd.Index(np.sort(specimens.unique()))
    first, second = names.get_indexer(calibration.specimen), names.get_indexer(test.specimen)
    found = tuple(
        Deal(first, group[calibration.truth], second, group[test.truth])
        for group in (np.zeros(len(in_tail), int), in_tail.astype(int))
    )
    is_apart = in_tail.any() and not in_tail.all()
    return by_group(found, ("conformal", "mondrian"), in_tail[test.truth], is_apart)


def score_means(
    deals: Sequence[Mapping[tuple[str, str], Deal]], confidence: float, part: str
) -> list[dict]:
    """Return what the mean coverage over seeds is where sets are valid.

    Parameters
    ----------
    deals
        Of each seed: by evaluator and group of taxa.
    confidence
        Between 0 and 1.
    part
        Of the scores that these stand beside.

    Returns
    -------
    list of dict
        evaluator, part, metric, role, against (``valid_sets_over_seeds``), value, ci_low,
        ci_high, n (test specimens, the fewest of a deal); without a seed. Deals that cannot be
        scored are left out, as their scores are.
    """
    rows = []
    for evaluator, group in dict.fromkeys(key for of_seed in deals for key in of_seed):
        usable = [of_seed[evaluator, group] for of_seed in deals if (evaluator, group) in of_seed]
        usable = [deal for deal in usable if deal.is_usable(confidence)]
        if not usable:
            continue
        low, high = mean_coverage_range(usable, confidence, seed=1)
        row = {"evaluator": evaluator, "part": part, "metric": of_group("coverage", group)}
        row |= {"role": EXPECTED, "against": VALID_MEAN, "value": confidence}
        n = min(len(deal.test) for deal in usable)
        rows.append(row | {"ci_low": low, "ci_high": high, "n": n})
    return rows


def score_reliability(
    images: Images, temperature: float, simulations: int, seed: int
) -> tuple[list[dict], pd.DataFrame]:
    """Return how far probabilities come true.

    Parameters
    ----------
    images
        Of the test part.
    temperature
        By which their probabilities are scaled.
    simulations
        Draws behind what calibrated probabilities give.
    seed
        Of all draws.

    Returns
    -------
    scores : list of dict
        metric (``ece``, ``brier``), role, against, value, ci_low, ci_high, n, n_permutations.
    bins : DataFrame
        As `visgen.classification.confidence.reliability.reliability_bins` returns them.
    """
    names, code = np.unique(images.specimen, return_inverse=True)
    scaled, truth = scale_probabilities(images.probabilities, temperature), images.truth
    top = scaled.max(axis=1)
    bins = reliability_bins(top, images.right)
    errors = errors_if_calibrated(top, code, simulations, seed)
    loss = brier_scores(scaled, truth)
    null = {"role": EXPECTED, "against": CALIBRATED, "n_permutations": simulations}
    found = (
        ({"metric": "ece"}, (calibration_error(bins), np.nan, np.nan)),
        ({"metric": "ece"} | null, (errors.mean(), *np.percentile(errors, [2.5, 97.5]))),
        ({"metric": "brier"}, mean_with_interval(loss, code, seed)),
    )
    ends = ("value", "ci_low", "ci_high")
    rows = [
        labels | dict(zip(ends, map(float, values), strict=True)) | {"n": len(names)}
        for labels, values in found
    ]
    return rows, bins
