"""A trained network as plain arrays and words, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from visgen.classification.networks.fitting import Trained
from visgen.classification.networks.hierarchy import Hierarchy
from visgen.classification.networks.modules import RankNetwork
from visgen.classification.networks.prototypes import Prototypes


def describe_network(trained: Trained) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a trained network by name, and what JSON takes."""
    tensors = {
        f"steps.{i}.{name}": np.ascontiguousarray(array)
        for i, (_, arrays) in enumerate(trained.steps)
        for name, array in arrays.items()
    }
    state = trained.network.state_dict()
    tensors |= {f"network.{name}": value.cpu().numpy() for name, value in state.items()}
    about = {
        "steps": [step for step, _ in trained.steps],
        "network": trained.network.described,
        "hierarchy": trained.hierarchy.kind,
        "n_taxa": trained.hierarchy.n_taxa,
        "euclidean": None,  # no prototypes
    }
    if isinstance(trained.hierarchy, Prototypes):
        about["euclidean"] = trained.hierarchy.euclidean
        means = trained.hierarchy.state_dict()
        tensors |= {f"prototypes.{name}": value.cpu().numpy() for name, value in means.items()}
    return tensors | {"places": trained.places}, about


def network_of(tensors: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Trained:
    """Return what `describe_network` described.

    Raises
    ------
    ValueError
        If an array is missing or does not fit.
    """
    steps = [
        (step, _below(tensors, f"steps.{i}."))
        for i, step in enumerate(about["steps"])
    ]  # fmt: skip
    network = RankNetwork(**about["network"], dropout=0.0, seed=0).eval()
    state = {name: torch.from_numpy(array) for name, array in _below(tensors, "network.").items()}
    means = {n: torch.from_numpy(a) for n, a in _below(tensors, "prototypes.").items()}
    if about["euclidean"] is None:
        hierarchy = Hierarchy(tensors["places"], about["n_taxa"], about["hierarchy"])
    else:
        size = about["network"]["heads"]["embedding"]
        hierarchy = Prototypes(about["n_taxa"], size=size, euclidean=about["euclidean"])
    try:
        network.load_state_dict(state)
        hierarchy.load_state_dict(means, strict=about["euclidean"] is not None)
    except RuntimeError as error:
        raise ValueError(f"the network of a kept model does not fit: {error}") from None
    return Trained(network, hierarchy, steps, tensors["places"])


def _below(tensors: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in tensors.items()
        if name.startswith(prefix)
    }
