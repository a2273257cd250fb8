"""What a regime leaves: a network, how its training went, the norms of its class weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from visgen.machine.checkpoints import Checkpoint
from visgen.tables import write_table
from visgen.visual_genetic.regimes.files import write_checkpoint, write_pooled

#: Columns of a history, one row an epoch. Means over the images, in the mode of training;
#: val_accuracy is the head's in eval mode, and a gap where there are no validation images.
HISTORY = [
    *("phase", "epoch", "loss", "cross_entropy", "metric_loss", "accuracy", "learning_rate"),
    "val_accuracy",
]

#: Columns of the norms: one row a taxon and epoch, epoch 0 before training.
NORMS = ["phase", "epoch", "taxon", "n_images", "norm"]


@dataclass(frozen=True)
class TrainedRegime:
    """A network that a regime trained.

    Attributes
    ----------
    network
        `visgen.visual_genetic.regimes.network.MetricNetwork`, in eval mode, on the CPU.
    metadata
        taxa (rows of the head), n_features, hidden, size, regime, and the recipe, in plain values.
    history, norms
        Columns `HISTORY` and `NORMS`; phase is ``network`` or ``head``.
    pooled
        Frozen pooled features of clean images, (n_images, n_features) float32, index (id, repeat).
    checkpoint
        To be discarded once the results are written.
    """

    network: nn.Module
    metadata: dict[str, Any]
    history: pd.DataFrame
    norms: pd.DataFrame
    pooled: pd.DataFrame
    checkpoint: Checkpoint


def history_table(phases: Mapping[str, Sequence[Mapping[str, float]]]) -> pd.DataFrame:
    """Return a history from the epochs' means by phase."""
    rows = [
        {"phase": phase, "epoch": epoch} | dict(means)
        for phase, epochs in phases.items()
        for epoch, means in enumerate(epochs, 1)
    ]
    return pd.DataFrame(rows, columns=HISTORY)


def norm_table(
    phases: Mapping[str, Sequence[Sequence[float]]], n_images: Mapping[str, int]
) -> pd.DataFrame:
    """Return the norms of a head's rows as a long table.

    Parameters
    ----------
    phases
        Norms (n_taxa,) in the order of `n_images`, by phase and epoch. The first phase, network,
        has one more, before its first epoch.
    n_images
        Number of training images of each taxon.
    """
    rows = [
        (phase, epoch, taxon, n_images[taxon], float(norm))
        for phase, epochs in phases.items()
        for epoch, norms in enumerate(epochs, 0 if phase == "network" else 1)
        for taxon, norm in zip(n_images, norms, strict=True)
    ]
    return pd.DataFrame(rows, columns=NORMS)


def write_regime(paths: Mapping[str, str | Path], trained: TrainedRegime) -> None:
    """Write a regime's results.

    Parameters
    ----------
    paths
        Keys checkpoint, history, norms and pooled.
    """
    write_checkpoint(paths["checkpoint"], trained.network.state_dict(), trained.metadata)
    write_table(paths["history"], trained.history)
    write_table(paths["norms"], trained.norms)
    write_pooled(paths["pooled"], trained.pooled)
