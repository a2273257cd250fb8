"""What a training without labels leaves: weights, and how it went."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.torch import save
from torch import nn

from visgen.machine.checkpoints import Checkpoint

#: Columns of a history, one row an epoch.
HISTORY = ["epoch", "loss", "chance_loss", "top1", "chance_top1", "learning_rate"]


@dataclass(frozen=True)
class Pretraining:
    """A trained backbone.

    Attributes
    ----------
    network
        Without projector and head, in eval mode, on the CPU.
    history
        Columns epoch; loss and top1 (the share of views whose nearest other view in the batch is
        their partner), means over the epoch, each with its value by chance; learning_rate, of
        its last step.
    recipe
        What decided the weights, in plain values.
    checkpoint
        To be discarded once the weights are written.
    """

    network: nn.Module
    history: pd.DataFrame
    recipe: dict[str, Any]
    checkpoint: Checkpoint


def write_weights(path: Path, pretraining: Pretraining) -> None:
    """Write a trained backbone's weights as safetensors, which `load_backbone` reads."""
    # Cloned, since safetensors refuses tensors that share memory, as tied weights do.
    state = {
        name: tensor.contiguous().clone()
        for name, tensor in pretraining.network.state_dict().items()
    }
    # One entry: the format does not keep several in order.
    recipe = {"simclr": json.dumps(pretraining.recipe, sort_keys=True)}
    # Not save_file, whose files only their owner can read.
    path.write_bytes(save(state, metadata=recipe))


def history_row(epoch: int, steps: Sequence[Sequence[float]]) -> list[float]:
    """Return an epoch's row of the history.

    Parameters
    ----------
    epoch
        From 1.
    steps
        (images, loss, top1, learning rate) of each of its steps.
    """
    n_images, loss, top1, rate = np.array(steps).T  # each (n_steps,)
    n_others = 2 * n_images - 1  # views among which a view's partner is to be found
    means = (loss, np.log(n_others), top1, 1 / n_others)
    return [
        epoch,
        *(float(np.average(values, weights=n_images)) for values in means),
        float(rate[-1]),
    ]
