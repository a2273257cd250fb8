"""What names are taken from, as arrays and plain values to be kept, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from visgen.classification.classifiers.kept.classifier import restore
from visgen.classification.networks.keeping import (
    describe_network,
    network_of,
    tensors_below,
)
from visgen.naming.classifier_head import ClassifierHead
from visgen.naming.heads import Head
from visgen.naming.joint_head import JointHead
from visgen.naming.network_head import NetworkHead
from visgen.naming.prior_head import PriorHead
from visgen.prior.posterior import Posterior

_OF_NETWORK = ("places", "centre", "scale")


def describe_head(head: Head) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a head by name, and its plain values."""
    if isinstance(head, PriorHead):
        tensors = {name: np.asarray(a) for name, a in head.posterior._asdict().items()}
        return tensors, {"kind": "prior", "rank": head.rank}
    if isinstance(head, NetworkHead):
        tensors = {name: getattr(head, name) for name in _OF_NETWORK}
        layers = zip(head.weights, head.biases, strict=True)
        for number, (weight, bias) in enumerate(layers):
            tensors |= {f"{number}.weight": weight, f"{number}.bias": bias}
        return tensors, {"kind": "network", "rank": head.rank, "n_taxa": head.n_taxa}
    if isinstance(head, JointHead):
        tensors, about = describe_network(head.trained)
        tensors |= {f"columns.{rank}": columns for rank, columns in head.columns.items()}
        return tensors, {"kind": "joint", "network": about, "n_named": dict(head.n_taxa)}
    tensors = {
        f"{rank}.{name}": array
        for rank, kept in head.classifiers.items()
        for name, array in kept.tensors.items()
    }
    about = {rank: kept.about for rank, kept in head.classifiers.items()}
    return tensors, {"kind": "classification", "classifiers": about}


def head_of(tensors: Mapping[str, np.ndarray], told: Mapping[str, Any]) -> Head:
    """Return what `describe_head` described."""
    if told["kind"] == "prior":
        return PriorHead(told["rank"], Posterior(*(tensors[n] for n in Posterior._fields)))
    if told["kind"] == "joint":
        columns = {rank: tensors[f"columns.{rank}"] for rank in told["network"]["n_taxa"]}
        return JointHead(network_of(tensors, told["network"]), columns, told["n_named"])
    if told["kind"] == "network":
        weights, biases = (
            tuple(tensors[f"{number}.{of}"] for number in range(3)) for of in ("weight", "bias")
        )
        places, centre, scale = (tensors[name] for name in _OF_NETWORK)
        return NetworkHead(told["rank"], places, told["n_taxa"], centre, scale, weights, biases)
    return ClassifierHead({
        rank: restore(tensors_below(tensors, f"{rank}."), about)
        for rank, about in told["classifiers"].items()
    })  # fmt: skip
