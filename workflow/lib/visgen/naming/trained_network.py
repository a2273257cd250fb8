"""A network that a study trained to recognise taxa, and which specimens it learned from."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from visgen.features.backbones import Backbone
from visgen.visual_genetic.regimes.files import read_checkpoint, read_pooled

TRAIN = "train"
_ENCODER = "encoder."


class RunFiles(NamedTuple):
    """What a variant's training with one seed left.

    Attributes
    ----------
    checkpoint, images
        Of the variant: projection and head, and which image is of which part.
    regime
        The checkpoint of its regime.
    pooled
        Features that the regime's encoder makes of images; None where these are the backbone's.
    """

    checkpoint: str
    images: str
    regime: str
    pooled: str | None


class TrainedNetwork(NamedTuple):
    """What names are taken from.

    Attributes
    ----------
    tensors
        As `visgen.naming.network_head.network_head` takes them.
    taxa
        Rows of the head.
    part
        Of each image, index id.
    pooled
        (n_images, n_features) float32, index id; None where features are the backbone's.
    """

    tensors: dict[str, np.ndarray]
    taxa: list[str]
    part: pd.Series
    pooled: pd.DataFrame | None


def read_trained(files: RunFiles) -> TrainedNetwork:
    """Read a trained network, without its encoder.

    Raises
    ------
    ValueError
        If it has learned nothing.
    """
    tensors, about = read_checkpoint(files.checkpoint)
    of_regime, _ = read_checkpoint(files.regime)
    tensors |= {name: of_regime[name] for name in ("mean", "deviation") if name in of_regime}
    with np.load(files.images, allow_pickle=False) as stored:
        ids = pd.Index(stored["id"].astype(object), dtype="str", name="id")
        part = pd.Series(stored["part"].astype(object), ids, dtype="str")
    if not (part == TRAIN).any():
        raise ValueError(
            f"{files.checkpoint}: the network has learned nothing, so that names cannot be taken "
            "from it; see omitted.tsv beside it"
        )
    pooled = None if files.pooled is None else read_pooled(files.pooled).xs(0, level="repeat")
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    return TrainedNetwork(arrays, list(about["taxa"]), part, pooled)


def not_learned_from(part: pd.Series, specimens: pd.Series) -> pd.Series:
    """Tell which specimens have no image in the training part, index specimen.

    Parameters
    ----------
    part, specimens
        Of each image, index id.

    Examples
    --------
    >>> part = pd.Series({"a_1": "test", "a_2": "train", "b_1": "test"})
    >>> not_learned_from(part, pd.Series({"a_1": "a", "a_2": "a", "b_1": "b"})).to_dict()
    {'a': False, 'b': True}
    """
    return ~(part == TRAIN).groupby(specimens.reindex(part.index)).any()


def load_encoder(backbone: Backbone, path: str) -> None:
    """Give a backbone the weights of a regime's encoder, in place.

    Raises
    ------
    ValueError
        If the checkpoint is of another network.
    """
    tensors, _ = read_checkpoint(path, with_encoder=True)
    weights = {
        name.removeprefix(_ENCODER): tensor
        for name, tensor in tensors.items()
        if name.startswith(_ENCODER)
    }
    try:
        with torch.no_grad():
            backbone.network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            f"{path}: its encoder is not {backbone.recipe['model']} ({error})"
        ) from error
