"""One independent classifier a rank and seed, from features to tables of predictions."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.classifiers.asking import Answers, fit_and_ask
from visgen.classification.classifiers.tuning import choose_options
from visgen.classification.trained import (
    IMPORTANCE_COLUMNS,
    OMITTED_COLUMNS,
    TRAINING_COLUMNS,
    TUNING_COLUMNS,
    UNTESTED,
    RankPredictions,
    feature_rows,
    prediction_table,
    scorable_taxa,
)
from visgen.features.within_covariance import NoSpreadError

log = logging.getLogger(__name__)


def predict_ranks(
    features: pd.DataFrame,
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    splits: Mapping[int, pd.Series],
    options: Mapping[str, Any],
    *,
    classified: Sequence[str] | None = None,
    threads: int,
) -> RankPredictions:
    """Train and predict at each rank and seed.

    Parameters
    ----------
    features
        (n, n_features) float32, index (id, repeat). Read only: at most one more matrix of the
        size of the training part is made.
    specimens
        Index id; the ranks (gaps are null) and specimen.
    ranks
        All ranks, coarse to fine.
    splits
        By seed: part of each image, index id.
    options
        A classifier of the config; the seed of the split is added to its own.
    classified
        Ranks to classify; None takes all.
    threads
        Threads for training.

    Raises
    ------
    ValueError
        If an image has no clean features.
    """
    rows = feature_rows(features, specimens, ranks)
    predictions, training, tuning, importances, omitted = {}, [], [], [], []
    for seed, parts in splits.items():
        for rank in ranks if classified is None else classified:
            scorable = scorable_taxa(specimens[rank], parts)
            key = {"seed": seed, "rank": rank}
            of_taxa = key | {"n_taxa": specimens[rank].nunique()}
            if len(scorable) < 2:
                omitted.append(of_taxa | {"reason": UNTESTED})
                continue
            log.info("seed %d, %s: %d taxa to score", seed, rank, len(scorable))
            try:
                found = _predict_taxa(
                    features.to_numpy(),
                    rows.assign(taxon=specimens[rank].reindex(rows["id"]).to_numpy()),
                    rows["id"].map(parts).to_numpy(),
                    options,
                    seed=options["seed"] + seed,
                    threads=threads,
                )
            except NoSpreadError as error:
                log.warning("seed %d, %s left out: %s", seed, rank, error)
                omitted.append(of_taxa | {"reason": f"left out: {error}"})
                continue
            predictions[seed, rank] = found.predictions
            training += [key | row for row in found.training]
            tuning += [key | row for row in found.trials]
            importances.append(found.answers.importances.assign(**key))
            omitted += [of_taxa | {"reason": reason} for reason in found.answers.reservations]
    return RankPredictions(
        predictions,
        pd.DataFrame(training, columns=TRAINING_COLUMNS),
        pd.DataFrame(tuning, columns=TUNING_COLUMNS),
        _stacked(importances),
        pd.DataFrame(omitted, columns=OMITTED_COLUMNS),
    )


def _stacked(importances: Sequence[pd.DataFrame]) -> pd.DataFrame:
    tables = [table for table in importances if len(table)]
    return pd.concat(tables or [pd.DataFrame()]).reindex(columns=IMPORTANCE_COLUMNS)


class _Found(NamedTuple):
    """What a rank and seed gave: a table of predictions, what was trained on, trials, answers."""

    predictions: pd.DataFrame
    training: list[dict]
    trials: list[dict]
    answers: Answers


def _predict_taxa(
    matrix: np.ndarray,
    rows: pd.DataFrame,
    part: np.ndarray,
    options: Mapping[str, Any],
    *,
    seed: int,
    threads: int,
) -> _Found:
    """Train and predict at one rank and seed."""
    in_train = rows["taxon"].notna().to_numpy() & (part == "train")
    training = rows[in_train]
    # Numbers by frequency, then by first image: names decide nothing, not even between equals.
    counts = training["taxon"].value_counts(sort=False)  # in the order of the first image
    taxa = counts.sort_values(ascending=False, kind="stable").index
    training = training.assign(taxon=taxa.get_indexer(training["taxon"]))
    held_out = rows[(rows["repeat"] == 0).to_numpy() & (part != "train")]
    chosen, trials = choose_options(
        matrix, training, len(taxa), options, seed=seed, threads=threads
    )
    answers = fit_and_ask(
        matrix,
        training,
        held_out["position"].to_numpy(),
        len(taxa),
        chosen,
        seed=seed,
        threads=threads,
    )
    asked = pd.DataFrame({
        "part": part[held_out.index],
        "id": held_out["id"].to_numpy(),
        "truth": held_out["taxon"].to_numpy(),
    })  # fmt: skip
    table = prediction_table(asked, taxa, answers.predicted, answers.probabilities)
    clean = training[training["repeat"] == 0]
    code = pd.Series(training["taxon"].to_numpy(), training["position"])
    trained = pd.DataFrame({
        "taxon": taxa,
        "n_images": np.bincount(clean["taxon"], minlength=len(taxa)),
        "n_specimens": clean.groupby("taxon")["specimen"].nunique().to_numpy(),
        "n_rows": np.bincount(code.loc[answers.rows.positions], minlength=len(taxa)),
        "n_altered": np.bincount(
            code.loc[answers.rows.positions], answers.rows.altered, len(taxa)
        ).astype(int),
    }).sort_values("taxon")  # fmt: skip
    return _Found(table, trained.to_dict("records"), trials, answers)
