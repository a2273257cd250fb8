"""From labelled features to a network that answers at every rank."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from visgen.classification.classifiers.kept.steps import apply_step
from visgen.classification.classifiers.options import SUITABLE
from visgen.classification.classifiers.transforms import Transform
from visgen.classification.networks.hierarchy import Hierarchy, decide
from visgen.classification.networks.losses import RankLosses
from visgen.classification.networks.metric_losses import MetricLosses
from visgen.classification.networks.modules import RankNetwork
from visgen.classification.networks.options import METRIC_LOSSES
from visgen.classification.networks.prototypes import Prototypes
from visgen.classification.networks.targets import Targets, make_targets
from visgen.classification.networks.training import (
    embed,
    mean_loss,
    prototype_loss,
    train_network,
)
from visgen.machine.checkpoints import Checkpoint
from visgen.machine.schedule import seed_of
from visgen.machine.taxon_batches import taxon_batches

_BLOCK = 1024  # images at a time

_TRAINING = (
    *("optimiser", "learning_rate", "momentum", "weight_decay"),
    *("epochs", "patience", "mixup"),
)


class Trained(NamedTuple):
    """A network, and what it needs to answer.

    Attributes
    ----------
    network
        In evaluation mode.
    hierarchy
        What its logits mean, or the means that its embeddings are compared with.
    steps
        That features pass before it sees them, with the arrays of
        `visgen.classification.classifiers.kept.steps`.
    places
        (n_lineages, n_ranks) taxa of each lineage, −1 for a gap.
    """

    network: RankNetwork
    hierarchy: Hierarchy | Prototypes
    steps: list[tuple[str, dict[str, np.ndarray]]]
    places: np.ndarray

    def ask(self, x: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Return what the network says of images.

        Parameters
        ----------
        x
            (n_images, n_features) float32, left as it is.

        Returns
        -------
        probabilities
            By rank (n_images, n_taxa) float32.
        predicted
            (n_images, n_ranks) numbers of taxa, −1 where none is named. Free ranks name their most
            probable taxon, of equals the more frequent one; others name one lineage
            (`visgen.classification.networks.hierarchy.decide`).
        """
        blocks, named = [], []
        n_taxa = list(self.hierarchy.n_taxa.values())
        for start in range(0, max(len(x), 1), _BLOCK):
            seen = np.array(x[start : start + _BLOCK], np.float32, order="C")
            for step, arrays in self.steps:
                seen = apply_step(step, "of", {f"of.{n}": a for n, a in arrays.items()}, seen)
            with torch.no_grad():
                taxa, nodes = self.hierarchy.probabilities(self.network(torch.from_numpy(seen)))
            blocks.append([p.numpy() for p in taxa])
            if self.hierarchy.kind == "free":
                named.append(np.stack([p.argmax(axis=1) for p in blocks[-1]], axis=1))
            else:
                told = [p.numpy() for p in nodes]
                named.append(decide(told, self.hierarchy.nodes, n_taxa))
        found = [np.concatenate(of_rank) for of_rank in zip(*blocks, strict=True)]
        return found, np.concatenate(named)


class Fitted(NamedTuple):
    """What `fit_network` returns: a network, what it learned, and how."""

    trained: Trained
    targets: Targets
    history: list[dict[str, Any]]


class Images(NamedTuple):
    """Images that a network may see: their labels, and where their features lie.

    Attributes
    ----------
    labels
        (n_images, ...) with the ranks; gaps are null.
    train, val
        (n_images,) bool: which train, and which tell when to stop.
    positions
        (n_images, 1 + n_repeats) rows of the features: the clean image, then its repeats.
    """

    labels: pd.DataFrame
    train: np.ndarray
    val: np.ndarray
    positions: np.ndarray


def fit_network(
    matrix: np.ndarray,
    images: Images,
    ranks: Sequence[str],
    options: Mapping[str, Any],
    checkpoint: Checkpoint,
    *,
    seed: int,
) -> Fitted:
    """Train one network for all ranks.

    Parameters
    ----------
    matrix
        (n, n_features) float32, left as it is.
    images
        What of it is learned from. Those without a label at any of the ranks teach nothing.
    ranks
        To be learned, coarse to fine; each has two taxa or more in training.
    options
        A classifier of the config with the method ``network``.
    checkpoint
        To go on from.
    seed
        Of weights, batches and mixtures.

    Raises
    ------
    visgen.features.within_covariance.NoSpreadError
        If the spread within taxa is needed, and no two training images of a taxon differ.
    ValueError
        If a loss is no number, or the checkpoint is damaged.
    """
    of = options["network"]
    targets = make_targets(images.labels, images.train, ranks)
    known = (targets.codes >= 0).any(axis=1)
    train, val = (np.flatnonzero(part & known) for part in (images.train, images.val))
    transform = options["transform"]
    steps = Transform(SUITABLE["network"] if transform is None else transform)
    finest = _finest(targets.codes[train])
    fitted = steps.fit(matrix[images.positions[train, 0]], finest)
    network, hierarchy, loss = _build(of, targets, fitted.shape[1], seed)
    measured = isinstance(hierarchy, Prototypes)
    clean = torch.from_numpy(fitted)

    def rows_of(epoch: int) -> Tensor:
        """Return each training image as it is, or one of its versions, drawn anew."""
        if of["augment"] == "none":
            return clean
        draw = np.random.default_rng([seed, epoch])
        which = draw.integers(images.positions.shape[1], size=len(train))
        rows = images.positions[train, which]
        return torch.from_numpy(steps.apply(matrix[rows]))

    def batches_of(epoch: int) -> list[np.ndarray]:
        """Return rows in any order, or so that a batch has several images of its taxa."""
        if measured:
            sizes = {key: of[key] for key in ("batch_size", "per_taxon")}
            made = taxon_batches(finest, **sizes, seed=seed, epoch=epoch)
            # An image beside itself would be found at no distance.
            return [pd.unique(rows) for rows in made]
        draw = np.random.default_rng(seed_of(seed, epoch, "order"))
        return np.array_split(draw.permutation(len(train)), -(-len(train) // of["batch_size"]))

    codes = torch.from_numpy(targets.codes[train])
    seen = np.empty((0, fitted.shape[1]), np.float32)
    if len(val):
        seen = steps.apply(matrix[images.positions[val, 0]])
    seen = torch.from_numpy(seen)
    told = torch.from_numpy(targets.codes[val])

    def val_loss() -> float:
        """Return the mean loss of validation images, by prototypes where there are such."""
        if not measured:
            return mean_loss(network, loss, seen, told)
        hierarchy.learn(embed(network, clean), codes)
        return prototype_loss(hierarchy, embed(network, seen), told, loss.weights)

    history = train_network(
        network,
        loss,
        rows_of,
        codes,
        batches_of,
        val_loss,
        checkpoint,
        seed=seed,
        **{key: of[key] for key in _TRAINING},
    )
    if measured:
        hierarchy.learn(embed(network, clean), codes)
    kept = Trained(network, hierarchy, steps.as_arrays(), targets.lineages.places)
    return Fitted(kept, targets, history)


def _build(
    of: Mapping[str, Any], targets: Targets, n_features: int, seed: int
) -> tuple[RankNetwork, Hierarchy | Prototypes, RankLosses | MetricLosses]:
    """Return a network as it is drawn, what its answers mean, and what it is to make small."""
    n_taxa = {rank: len(n) for rank, n in targets.n_images.items()}
    if of["loss"] in METRIC_LOSSES:
        name, size = of["loss"], of["size"]
        meant = Prototypes(n_taxa, size=size, euclidean=name == "prototypical")
        loss = MetricLosses(name, n_taxa, of["rank_weights"], size=size, seed=seed)
    else:
        meant = Hierarchy(targets.lineages.places, n_taxa, of["hierarchy"])
        loss = RankLosses(targets, meant, of)
    shape = {key: of[key] for key in ("hidden", "towers", "dropout")}
    return RankNetwork(n_features, heads=meant.heads, **shape, seed=seed), meant, loss


def _finest(codes: np.ndarray) -> np.ndarray:
    """Return a number for the finest known taxon of each image."""
    n_ranks = codes.shape[1]
    rank = n_ranks - 1 - (codes[:, ::-1] >= 0).argmax(axis=1)
    pairs = np.stack([rank, codes[np.arange(len(codes)), rank]], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
