"""Classifiers of feature vectors, and the baselines that do not look at them."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier

log = logging.getLogger(__name__)


def build_classifier(method: str, *, trees: int, seed: int, threads: int) -> ClassifierMixin:
    """Return an untrained classifier.

    Parameters
    ----------
    method
        ``random_forest``, or a baseline: ``most_frequent``, ``stratified``, ``uniform``.
    trees
        Number of trees of a forest.
    seed
        Of the classifier.
    threads
        Threads for training.
    """
    match method:
        case "random_forest":
            return RandomForestClassifier(n_estimators=trees, random_state=seed, n_jobs=threads)
        case "most_frequent" | "stratified" | "uniform":
            return DummyClassifier(strategy=method, random_state=seed)
    raise ValueError(f"classifier method {method!r} is unknown")


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


def predict_taxa(
    classifier: ClassifierMixin, features: pd.DataFrame, taxa: pd.Series, parts: pd.Series
) -> pd.DataFrame:
    """Train on the training part; predict the clean images of val and test.

    All repeats of training images are trained on, so every taxon is augmented alike.

    Parameters
    ----------
    classifier
        Untrained.
    features
        (n, n_features), index (id, repeat).
    taxa
        Taxon of each image, index id; gaps are null and left out.
    parts
        Part of each image, index id.

    Returns
    -------
    DataFrame
        Columns part, id, truth, predicted, and one probability a taxon of the training part
        (float32). Images whose taxon is not in train are left out: no classifier could name it.

    Raises
    ------
    ValueError
        If a labelled image has no features of repeat 0, or train holds fewer than two taxa.
    """
    labelled = taxa.dropna().sort_index()
    parts = parts.loc[labelled.index]
    ids = features.index.get_level_values("id")
    clean = features.index.get_level_values("repeat") == 0
    lacking = labelled.index.difference(ids[clean])
    if len(lacking):
        raise ValueError(f"{len(lacking)} images have no clean features, such as {lacking[0]}")
    in_train = ids.isin(parts.index[parts == "train"])
    trained = labelled.loc[ids[in_train]].to_numpy(str)
    if len(set(trained)) < 2:
        raise ValueError(f"train holds fewer than two taxa: {sorted(set(trained))}")
    classifier.fit(features.to_numpy()[in_train], trained)
    # Threads would add up the trees' votes in the order in which they finish.
    if hasattr(classifier, "n_jobs"):
        classifier.set_params(n_jobs=1)
    known = labelled[labelled.isin(classifier.classes_)].index
    held_out = clean & ids.isin(known[parts.loc[known] != "train"])
    vectors = features.to_numpy()[held_out]
    probabilities = classifier.predict_proba(vectors)
    table = pd.DataFrame({"part": parts.loc[ids[held_out]].to_numpy(), "id": ids[held_out]})
    table["truth"] = labelled.loc[ids[held_out]].to_numpy()
    # Not the most probable taxon: a baseline of equal odds has none.
    table["predicted"] = classifier.predict(vectors)
    columns = pd.DataFrame(probabilities.astype(np.float32), columns=classifier.classes_)
    return pd.concat([table, columns], axis=1)


def predict_ranks(
    features: pd.DataFrame,
    taxa: pd.DataFrame,
    splits: Mapping[int, pd.Series],
    classifier: Mapping[str, Any],
    *,
    threads: int,
) -> tuple[dict[tuple[int, str], pd.DataFrame], pd.DataFrame]:
    """Train and predict at each rank and seed, one independent classifier each.

    Parameters
    ----------
    features
        (n, n_features), index (id, repeat).
    taxa
        (n_images, n_ranks) taxon names, index id; gaps are null.
    splits
        By seed: part of each image, index id.
    classifier
        Arguments of `build_classifier`; the seed of the split is added to its own.
    threads
        Threads for training.

    Returns
    -------
    predictions
        By (seed, rank), as `predict_taxa` returns them.
    omitted
        Columns seed, rank, n_taxa, reason: ranks with fewer than two taxa that can be tested.
    """
    predictions, omitted = {}, []
    for seed, parts in splits.items():
        for rank in taxa.columns:
            scorable = scorable_taxa(taxa[rank], parts)
            if len(scorable) < 2:
                reason = "fewer than two taxa have specimens in train and in test"
                omitted.append((seed, rank, taxa[rank].nunique(), reason))
                continue
            log.info("seed %d, %s: %d taxa to score", seed, rank, len(scorable))
            options = dict(classifier) | {"seed": classifier["seed"] + seed, "threads": threads}
            predictions[seed, rank] = predict_taxa(
                build_classifier(**options), features, taxa[rank], parts
            )
    return predictions, pd.DataFrame(omitted, columns=["seed", "rank", "n_taxa", "reason"])
