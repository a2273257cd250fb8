"""One independent classifier a rank and seed, from features to tables of predictions."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.classifiers.asking import Answers, fit_and_ask
from visgen.classification.classifiers.importances import IMPORTANCE_COLUMNS
from visgen.classification.classifiers.tuning import TUNING_COLUMNS, choose_options
from visgen.features.within_covariance import NoSpreadError

log = logging.getLogger(__name__)

OMITTED_COLUMNS = ["seed", "rank", "n_taxa", "reason"]
TRAINING_COLUMNS = ["seed", "rank", "taxon", "n_images", "n_specimens", "n_rows", "n_altered"]


class RankPredictions(NamedTuple):
    """What one classifier learned and said at every rank and seed.

    Attributes
    ----------
    predictions
        By (seed, rank): columns part, id, truth, predicted, and one probability a taxon of the
        training part (float32), sorted by name. All images of val and test are there; truth is
        null where an image has no label, and no column where its taxon is not in training.
    training
        Columns seed, rank, taxon, n_images, n_specimens (of the training part), n_rows (trained
        on after resampling), n_altered (of these, augmented repeats or rows with noise).
    tuning
        Columns seed, rank, options, balanced_accuracy, n_specimens, chosen.
    importances
        Columns seed, rank, of (what trees were given: feature, or component of whiten or pca),
        feature (its number from 0), importance (mean over trees, sums to 1), sd (over trees). No
        rows of methods that are no trees.
    omitted
        Columns seed, rank, n_taxa, reason: ranks with fewer than two taxa that can be tested, or
        with no spread within taxa where the classifier needs one, which have no predictions; and
        those where the classifier did not converge, which have.
    """

    predictions: dict[tuple[int, str], pd.DataFrame]
    training: pd.DataFrame
    tuning: pd.DataFrame
    importances: pd.DataFrame
    omitted: pd.DataFrame


def scorable_taxa(taxa: pd.Series, parts: pd.Series) -> list[str]:
    """Return the taxa with images in train and in test, sorted.

    Parameters
    ----------
    taxa
        Taxon of each image, index id; gaps are null.
    parts
        Part of each image, index id.
    """
    labelled = taxa.dropna()
    part = parts.loc[labelled.index]
    return sorted(set(labelled[part == "train"]) & set(labelled[part == "test"]))


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
    ids = features.index.get_level_values("id")
    clean = ids[features.index.get_level_values("repeat") == 0]
    lacking = specimens.index.difference(clean)
    if len(lacking):
        raise ValueError(f"{len(lacking)} images have no clean features, such as {lacking[0]}")
    rows = pd.DataFrame({
        "position": np.arange(len(features)),
        "id": ids,
        "repeat": features.index.get_level_values("repeat"),
    })  # fmt: skip
    rows = rows[rows["id"].isin(specimens.index)]
    rows = rows.sort_values(["id", "repeat"], ignore_index=True)
    rows["specimen"] = specimens["specimen"].reindex(rows["id"]).to_numpy()
    rows["stratum"] = finest_label(specimens, ranks).reindex(rows["id"]).to_numpy()
    predictions, training, tuning, importances, omitted = {}, [], [], [], []
    for seed, parts in splits.items():
        for rank in ranks if classified is None else classified:
            scorable = scorable_taxa(specimens[rank], parts)
            key = {"seed": seed, "rank": rank}
            of_taxa = key | {"n_taxa": specimens[rank].nunique()}
            if len(scorable) < 2:
                reason = "fewer than two taxa have specimens in train and in test"
                omitted.append(of_taxa | {"reason": reason})
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


def finest_label(specimens: pd.DataFrame, ranks: Sequence[str]) -> pd.Series:
    """Return the finest label of each image with its rank: order Veneroida is not the family."""
    finest = pd.Series("unlabelled", index=specimens.index)
    for rank in ranks:
        labelled = specimens[rank].notna()
        finest = finest.mask(labelled, rank + " " + specimens[rank].astype(str))
    return finest


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
    table = pd.DataFrame({"part": part[held_out.index], "id": held_out["id"].to_numpy()})
    table["truth"] = held_out["taxon"].to_numpy()
    table["predicted"] = taxa[answers.predicted].to_numpy()
    by_name = np.argsort(taxa)
    columns = pd.DataFrame(answers.probabilities[:, by_name], columns=taxa[by_name])
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
    return _Found(pd.concat([table, columns], axis=1), trained.to_dict("records"), trials, answers)
