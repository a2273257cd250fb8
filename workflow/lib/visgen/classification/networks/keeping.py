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
        (step, tensors_below(tensors, f"steps.{i}."))
        for i, step in enumerate(about["steps"])
    ]  # fmt: skip
    n_taxa, places = about["n_taxa"], tensors["places"]
    if list(n_taxa.values()) != (places.max(axis=0) + 1).tolist():
        raise ValueError(f"a kept network has {n_taxa} taxa, its lineages others")
    # Without memory of its own: what a file says of sizes has to fit the arrays in it.
    with torch.device("meta"):
        network = RankNetwork(**about["network"], dropout=0.0, seed=0).eval()
    state = {
        name: torch.from_numpy(array) for name, array in tensors_below(tensors, "network.").items()
    }
    means = {n: torch.from_numpy(a) for n, a in tensors_below(tensors, "prototypes.").items()}
    if about["euclidean"] is None:
        hierarchy = Hierarchy(places, n_taxa, about["hierarchy"])
    else:
        size = about["network"]["heads"]["embedding"]
        with torch.device("meta"):
            hierarchy = Prototypes(n_taxa, size=size, euclidean=about["euclidean"])
    try:
        network.load_state_dict(state, assign=True)
        if means:
            hierarchy.load_state_dict(means, assign=True)
    except RuntimeError as error:
        raise ValueError(f"the network of a kept model does not fit: {error}") from None
    if network.described["heads"] != hierarchy.heads:
        raise ValueError("the heads of a kept network are not those of its taxa")
    return Trained(network, hierarchy, steps, places)


def tensors_below(tensors: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in tensors.items()
        if name.startswith(prefix)
    }
