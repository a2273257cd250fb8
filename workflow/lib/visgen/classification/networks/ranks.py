"""A network a seed, asked at all ranks: from features to tables of predictions."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from visgen.classification.networks.fitting import Fitted, Images, fit_network
from visgen.classification.networks.training import HISTORY_COLUMNS
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
from visgen.machine.checkpoints import Checkpoint, open_checkpoint
from visgen.specimens.splits import calibrates

log = logging.getLogger(__name__)

#: Raised when this code comes to learn other weights from the same features.
REVISION = 1

#: Packages whose versions decide the weights.
SOFTWARE = ("torch", "pytorch-metric-learning", "numpy", "scikit-learn", "scipy")

_SECONDS = 60  # between two checkpoints
_BLOCK = 1024  # rows at a time


def predict_jointly(
    features: pd.DataFrame,
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    splits: Mapping[int, pd.Series],
    options: Mapping[str, Any],
    store: Path,
    *,
    name: str,
    classified: Sequence[str],
) -> tuple[RankPredictions, pd.DataFrame, list[Checkpoint]]:
    """Train a network for each seed, and ask it about validation and test images.

    On the CPU, which takes seconds to minutes: the same bytes whether there is a GPU or not.

    Parameters
    ----------
    features, specimens, ranks, splits, classified
        As of `visgen.classification.classifiers.ranks.predict_ranks`.
    options
        A classifier of the config with the method ``network``; the seed of the split is added to
        its own.
    store
        Folder of the checkpoints.
    name
        Of the classifier and its backbone: two that are trained at once, alike or not, go on from
        checkpoints of their own.

    Returns
    -------
    predictions
        Without rows of tuning and importances.
    history
        Columns seed, epoch, learning_rate, loss, val_loss, chosen.
    checkpoints
        To be discarded when all is kept elsewhere.

    Raises
    ------
    ValueError
        If an image has no clean features, or a loss is no number.
    """
    rows = feature_rows(features, specimens, ranks)
    matrix = features.to_numpy()
    versions = rows.groupby("id")["position"]
    n_versions = versions.size().min()
    positions = np.stack([versions.nth(i).to_numpy() for i in range(n_versions)], axis=1)
    ids = pd.Index(rows["id"].unique())
    labels = specimens.loc[ids]
    of_features = _digest(matrix, positions.ravel())
    predictions, training, history, omitted, checkpoints = {}, [], [], [], []
    for seed, parts in splits.items():
        part = parts.loc[ids].to_numpy()
        learned = []
        for rank in classified:
            if len(scorable_taxa(labels[rank], parts)) < 2:
                omitted.append(_left_out(seed, rank, labels, UNTESTED))
            else:
                learned.append(rank)
        if not learned:
            continue
        # Images that calibrate probabilities must not have chosen the network.
        stops = (part == "val") & ~calibrates(labels["specimen"]).to_numpy()
        images = Images(labels, part == "train", stops, positions)
        told = labels[learned].assign(part=part, stops=stops)
        recipe = {
            "name": name,
            "revision": REVISION,
            "features": of_features,
            "labels": hashlib.sha256(told.to_csv().encode()).hexdigest(),
            "classifier": {key: options[key] for key in ("method", "transform", "network")},
            "seed": options["seed"] + seed,
            "threads": torch.get_num_threads(),
            "software": {package: version(package) for package in SOFTWARE},
        }
        checkpoint = open_checkpoint(store / "networks", recipe, _SECONDS)
        log.info("seed %d: %d images train at %s", seed, images.train.sum(), ", ".join(learned))
        try:
            fitted = fit_network(
                matrix,
                images,
                learned,
                options,
                checkpoint,
                seed=options["seed"] + seed,
            )
        except NoSpreadError as error:
            log.warning("seed %d left out: %s", seed, error)
            omitted += [_left_out(seed, rank, labels, f"left out: {error}") for rank in learned]
            continue
        checkpoints.append(checkpoint)
        history += [{"seed": seed} | row for row in fitted.history]
        predictions |= _predict(fitted, matrix, images, part, seed)
        training += _trained_on(fitted.targets.ranks, images, seed)
    tables = RankPredictions(
        predictions,
        pd.DataFrame(training, columns=TRAINING_COLUMNS),
        pd.DataFrame(columns=TUNING_COLUMNS),
        pd.DataFrame(columns=IMPORTANCE_COLUMNS),
        pd.DataFrame(omitted, columns=OMITTED_COLUMNS),
    )
    return tables, pd.DataFrame(history, columns=HISTORY_COLUMNS), checkpoints


def _digest(matrix: np.ndarray, rows: np.ndarray) -> str:
    """Return a digest of some rows, in their order, without a copy of all of them."""
    digest = hashlib.sha256()
    for start in range(0, len(rows), _BLOCK):
        digest.update(matrix[rows[start : start + _BLOCK]].tobytes())
    return digest.hexdigest()


def _left_out(seed: int, rank: str, labels: pd.DataFrame, reason: str) -> dict[str, Any]:
    return {"seed": seed, "rank": rank, "n_taxa": labels[rank].nunique(), "reason": reason}


def _predict(
    fitted: Fitted, matrix: np.ndarray, images: Images, part: np.ndarray, seed: int
) -> dict[tuple[int, str], pd.DataFrame]:
    asked = np.flatnonzero(~images.train)
    probabilities, predicted = fitted.trained.ask(matrix[images.positions[asked, 0]])
    of = images.labels.iloc[asked]
    tables = {}
    for r, rank in enumerate(fitted.targets.ranks):
        about = pd.DataFrame({"part": part[asked], "id": of.index, "truth": of[rank].to_numpy()})
        taxa = fitted.targets.lineages.taxa[rank]
        tables[seed, rank] = prediction_table(about, taxa, predicted[:, r], probabilities[r])
    return tables


def _trained_on(ranks: Sequence[str], images: Images, seed: int) -> list[dict[str, Any]]:
    known = images.labels[images.train]
    rows = []
    for rank in ranks:
        of_taxon = known.groupby(rank)["specimen"]
        for (taxon, n), n_specimens in zip(
            of_taxon.size().items(), of_taxon.nunique(), strict=True
        ):
            counts = {"n_images": n, "n_specimens": n_specimens, "n_rows": n, "n_altered": 0}
            rows.append({"seed": seed, "rank": rank, "taxon": taxon} | counts)
    return rows
