"""Names by a network that was trained to recognise taxa: its projection and its head."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from visgen.features.taxon_means import taxon_means

#: Of the log probability of a taxon that the network does not know, and least of one that it does.
_LEAST = float(np.log(1e-12))


class NetworkHead(NamedTuple):
    """From features of a network's encoder to its log probabilities of taxa.

    Attributes
    ----------
    rank
        Of the taxa.
    places
        (n_known,) position of each row of the head among all taxa of the rank, sorted.
    n_taxa
        Of these.
    centre, scale
        (n_features,) that features are brought to mean 0 and deviation 1 by.
    weights, biases
        Of the two layers of the projection and of the head.
    """

    rank: str
    places: np.ndarray
    n_taxa: int
    centre: np.ndarray
    scale: np.ndarray
    weights: tuple[np.ndarray, np.ndarray, np.ndarray]
    biases: tuple[np.ndarray, np.ndarray, np.ndarray]

    def logits(self, x: np.ndarray, images: np.ndarray, looks: np.ndarray) -> dict[str, np.ndarray]:
        """See `visgen.naming.heads.Head`; a specimen has the mean of its images."""
        values = (x - self.centre) / self.scale
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weight.T + bias
            if number == 0:
                values = np.maximum(values, 0)
        logs = np.full((len(x), self.n_taxa), _LEAST, np.float32)
        logs[:, self.places] = np.maximum(log_softmax(values, axis=1), _LEAST)
        return {self.rank: taxon_means(logs, images).astype(np.float32)}


def network_head(
    tensors: Mapping[str, np.ndarray], known: list[str], taxa: pd.Index, rank: str
) -> NetworkHead:
    """Return the head of a trained network over taxa that can be named.

    Parameters
    ----------
    tensors
        Weight and bias of ``projection.0``, ``projection.2`` and ``head``, as
        `visgen.visual_genetic.regimes.files.read_checkpoint` reads them; ``mean`` and ``deviation``
        of features where these were standardised.
    known
        Taxa that the network was trained on, a row of its head each; those that are not among
        `taxa` cannot be named.
    taxa
        That can be named, sorted.
    rank
        Of the taxa.

    Raises
    ------
    ValueError
        If fewer than two can be named.
    """
    places = taxa.get_indexer(known)
    named = places >= 0
    if named.sum() < 2:
        raise ValueError(
            f"the network knows {named.sum()} of the {len(taxa)} taxa of {rank} that can be named, "
            "expected 2 or more"
        )
    layers = ("projection.0", "projection.2", "head")
    weights = [tensors[f"{layer}.weight"] for layer in layers]
    biases = [tensors[f"{layer}.bias"] for layer in layers]
    weights[-1], biases[-1] = weights[-1][named], biases[-1][named]
    nothing = np.zeros(weights[0].shape[1], np.float32)
    return NetworkHead(
        rank,
        places[named],
        len(taxa),
        tensors.get("mean", nothing),
        tensors.get("deviation", nothing + 1),
        tuple(weights),
        tuple(biases),
    )
