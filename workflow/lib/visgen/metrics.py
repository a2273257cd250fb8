"""Scores of predictions, with intervals from a bootstrap over specimens."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse

#: Columns of every table of scores, and of report/metrics.tsv.
COLUMNS = [
    "experiment",
    "variant",
    "backbone",
    "rank",
    "anchors",
    "evaluator",
    "part",
    "fold",
    "seed",
    "metric",
    "value",
    "ci_low",
    "ci_high",
    "p",
    "n",
]


def metrics_table(rows: list[dict]) -> pd.DataFrame:
    """Return scores as a table with the columns of the contract; what a score lacks is null.

    Raises
    ------
    ValueError
        If a row has a key that is no column.
    """
    unknown = {key for row in rows for key in row} - set(COLUMNS)
    if unknown:
        raise ValueError(f"scores have unknown columns: {', '.join(sorted(unknown))}")
    return pd.DataFrame(rows, columns=COLUMNS)


def score_predictions(
    truth: pd.Series, predicted: pd.Series, specimens: pd.Series, *, bootstraps: int, seed: int
) -> list[dict]:
    """Score predictions of one rank and seed.

    Parameters
    ----------
    truth, predicted
        Taxon of each image, same index.
    specimens
        Specimen of each image, same index.
    bootstraps
        Number of Bayesian bootstrap samples of specimens.
    seed
        Of the bootstrap.

    Returns
    -------
    list of dict
        Metric (accuracy, balanced_accuracy, macro_f1), value, ci_low and ci_high (2.5 and 97.5
        percentiles), n (specimens). Balanced accuracy is the mean recall of the taxa that occur
        in `truth`, macro-F1 the mean over taxa that occur in either, as in scikit-learn.

    Notes
    -----
    The Bayesian bootstrap (Rubin 1981) gives specimens exponential weights instead of drawing
    them: no rare taxon drops out of a sample, which would lift means over taxa above the value
    itself. A taxon with one specimen adds no width: where these are more than half of the taxa,
    balanced accuracy and macro-F1 get no interval (NaN) rather than one that is too narrow.
    """
    if not truth.index.equals(predicted.index) or not truth.index.equals(specimens.index):
        raise ValueError("truth, predicted and specimens are not indexed alike")
    taxa, codes = np.unique(np.concatenate([truth, predicted]).astype(str), return_inverse=True)
    true, guess = codes[: len(truth)], codes[len(truth) :]
    specimen, names = pd.factorize(specimens, sort=True)
    shape = (len(names), len(taxa))

    def counts(rows: np.ndarray, columns: np.ndarray) -> sparse.csr_array:
        return sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()

    hits, right = true == guess, counts(specimen, true)
    tables = counts(specimen[hits], true[hits]), right, counts(specimen, guess)
    values = _scores(*(table.sum(axis=0)[None, :] for table in tables))
    rng = np.random.default_rng(seed)
    samples: dict[str, list] = {name: [] for name in values}
    for start in range(0, bootstraps, 100):  # in blocks, to bound memory
        n = min(100, bootstraps - start)
        weights = rng.standard_exponential((n, len(names)))
        for name, sample in _scores(*((table.T @ weights.T).T for table in tables)).items():
            samples[name].extend(sample)
    of_taxon = (right > 0).sum(axis=0)  # specimens of each true taxon
    if np.mean(of_taxon[of_taxon > 0] == 1) > 0.5:
        samples |= {name: [np.nan] for name in ("balanced_accuracy", "macro_f1")}
    return [
        {
            "metric": name,
            "value": float(value[0]),
            "ci_low": float(np.percentile(samples[name], 2.5)),
            "ci_high": float(np.percentile(samples[name], 97.5)),
            "n": len(names),
        }
        for name, value in values.items()
    ]


def _scores(hits: np.ndarray, true: np.ndarray, guess: np.ndarray) -> dict[str, np.ndarray]:
    """Return scores of each row of counts, (samples, taxa) each."""
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = hits / true
        f1 = 2 * hits / (true + guess)
    return {
        "accuracy": hits.sum(axis=1) / true.sum(axis=1),
        "balanced_accuracy": np.nanmean(recall, axis=1),
        "macro_f1": np.nanmean(f1, axis=1),
    }


def score_test_part(
    predictions: Mapping[tuple[int, str], pd.DataFrame], specimens: pd.Series, *, bootstraps: int
) -> list[dict]:
    """Score the test part of a predictions table, by seed and rank.

    Parameters
    ----------
    predictions
        By (seed, rank): columns part, id, truth, predicted.
    specimens
        Specimen of each image, index id.
    bootstraps
        Samples of specimens behind each interval.

    Returns
    -------
    list of dict
        As `score_predictions`, with rank, seed and part.
    """
    rows = []
    for (seed, rank), table in sorted(predictions.items()):
        test = table[table["part"] == "test"].set_index("id")
        scores = score_predictions(
            test["truth"],
            test["predicted"],
            specimens.loc[test.index],
            bootstraps=bootstraps,
            seed=seed,
        )
        rows += [{"rank": rank, "seed": seed, "part": "test"} | score for score in scores]
    return rows


def over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Average scores over seeds.

    Parameters
    ----------
    scores
        Columns of the contract.

    Returns
    -------
    DataFrame
        The same columns without seed, in the order of first appearance: value, ci_low and
        ci_high are means over seeds (the seeds share their specimens, so the interval does not
        shrink with their number), n the smallest; value_min, value_max and n_seeds beside.
    """
    labels = [c for c in COLUMNS[: COLUMNS.index("value")] if c != "seed"]
    groups = scores.groupby(labels, sort=False, dropna=False)
    return groups.agg(
        value=("value", "mean"),
        ci_low=("ci_low", _mean_of_all),
        ci_high=("ci_high", _mean_of_all),
        p=("p", "max"),
        n=("n", "min"),
        value_min=("value", "min"),
        value_max=("value", "max"),
        n_seeds=("seed", "nunique"),
    ).reset_index()


def _mean_of_all(values: pd.Series) -> float:
    """Return the mean; nothing where a seed has nothing."""
    return values.mean(skipna=False)
