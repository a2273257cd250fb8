"""What training leaves behind: tables of predictions, of what was trained on, and what was not."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

OMITTED_COLUMNS = ["seed", "rank", "n_taxa", "reason"]
TRAINING_COLUMNS = ["seed", "rank", "taxon", "n_images", "n_specimens", "n_rows", "n_altered"]
TUNING_COLUMNS = ["seed", "rank", "options", "balanced_accuracy", "n_specimens", "chosen"]
IMPORTANCE_COLUMNS = ["seed", "rank", "of", "feature", "importance", "sd"]

#: Why a rank is not asked for.
UNTESTED = "fewer than two taxa have specimens in train and in test"


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


def feature_rows(
    features: pd.DataFrame, specimens: pd.DataFrame, ranks: Sequence[str]
) -> pd.DataFrame:
    """Return the rows of features that are of the study's images.

    Parameters
    ----------
    features
        (n, n_features), index (id, repeat).
    specimens
        Index id; the ranks (gaps are null) and specimen.
    ranks
        Coarse to fine.

    Returns
    -------
    DataFrame
        Sorted by image and repeat: position (among the features), id, repeat, specimen, stratum
        (the finest label with its rank).

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
    return rows


def finest_label(specimens: pd.DataFrame, ranks: Sequence[str]) -> pd.Series:
    """Return the finest label of each image with its rank: order Veneroida is not the family."""
    finest = pd.Series("unlabelled", index=specimens.index)
    for rank in ranks:
        labelled = specimens[rank].notna()
        finest = finest.mask(labelled, rank + " " + specimens[rank].astype(str))
    return finest


def prediction_table(
    asked: pd.DataFrame, taxa: pd.Index, predicted: np.ndarray, probabilities: np.ndarray
) -> pd.DataFrame:
    """Return the predictions of a rank and seed, as `RankPredictions` has them.

    Parameters
    ----------
    asked
        (n_images, ...) columns part, id, truth.
    taxa
        (n_taxa,) in any order.
    predicted
        (n_images,) numbers of taxa, −1 where none is named.
    probabilities
        (n_images, n_taxa).
    """
    table = asked[["part", "id", "truth"]].reset_index(drop=True)
    names = np.append(taxa.to_numpy(object), None)
    table["predicted"] = pd.Series(names[predicted], dtype="str")
    by_name = np.argsort(taxa)
    columns = pd.DataFrame(probabilities[:, by_name], columns=taxa[by_name])
    return pd.concat([table, columns], axis=1)
