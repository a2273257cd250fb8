"""Names by one network for all ranks."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.networks.fitting import Images, Trained, fit_network
from visgen.features.taxon_means import taxon_means
from visgen.machine.checkpoints import Checkpoint
from visgen.naming.labelled import Labelled

_LEAST = 1e-12  # of a probability whose logarithm is taken
_STOP = 5  # one specimen of so many of a taxon tells when to stop, where it has two or more


class JointHead(NamedTuple):
    """A network asked about every image; a specimen has the mean of its images.

    Attributes
    ----------
    trained
        The network.
    columns
        By rank: (n_known,) numbers of the network's taxa among all that can be named.
    n_taxa
        By rank: how many can be named.
    """

    trained: Trained
    columns: Mapping[str, np.ndarray]
    n_taxa: Mapping[str, int]

    def logits(self, x: np.ndarray, images: np.ndarray, looks: np.ndarray) -> dict[str, np.ndarray]:
        """See `visgen.naming.heads.Head`."""
        known = dict(zip(self.columns, self.trained.ask(x)[0], strict=True))
        found = {}
        for rank, n_taxa in self.n_taxa.items():
            logs = np.full((len(x), n_taxa), np.log(_LEAST), np.float32)
            if rank in known:
                logs[:, self.columns[rank]] = np.log(np.maximum(known[rank], _LEAST))
            found[rank] = taxon_means(logs, images).astype(np.float32)
        return found


def train_joint_head(
    labelled: Labelled, taxa: Mapping[str, pd.Index], options: Mapping[str, Any], *, seed: int
) -> JointHead:
    """Train a network for all ranks on all images of labelled specimens.

    Parameters
    ----------
    labelled
        Specimens. Of every five of a taxon one tells when to stop, and teaches nothing else.
    taxa
        By rank, coarse to fine: all that can be named; some may have no specimen here.
    options
        A classifier of the config with the method ``network``; repeats are left out. Ranks that
        it does not learn say nothing.
    seed
        Of the split and of training.

    Raises
    ------
    visgen.features.within_covariance.NoSpreadError, ValueError
        As `visgen.classification.networks.fitting.fit_network`.
    """
    stops = _stopping(labelled.taxa, seed)[labelled.images]
    labels = labelled.taxa.iloc[labelled.images].reset_index(drop=True)
    asked = options["ranks"] or list(taxa)
    shown = labels[~stops]
    ranks = [r for r in taxa if r in asked and len(shown[r].dropna().unique()) > 1]
    if not ranks:
        raise ValueError(
            f"a network that learns {', '.join(asked)} has fewer than two taxa to name at each rank"
        )
    images = Images(labels, ~stops, stops, np.arange(len(labels))[:, None])
    plain = {**options, "network": {**options["network"], "augment": "none"}}
    with tempfile.TemporaryDirectory() as folder:
        nowhere = Checkpoint(Path(folder), float("inf"))
        found = fit_network(labelled.x, images, ranks, plain, nowhere, seed=seed)
    known = found.targets.lineages.taxa
    columns = {rank: taxa[rank].get_indexer(known[rank]) for rank in ranks}
    return JointHead(found.trained, columns, {rank: len(names) for rank, names in taxa.items()})


def _stopping(taxa: pd.DataFrame, seed: int) -> np.ndarray:
    """Tell which specimens validate, (n_specimens,): no taxon loses its only one.

    Versions of a specimen, which have its name, go with it.
    """
    finest = taxa.ffill(axis=1).iloc[:, -1].fillna("")
    finest = finest[~finest.index.duplicated()]
    drawn = finest.iloc[np.random.default_rng(seed).permutation(len(finest))]
    place = drawn.groupby(drawn.to_numpy()).cumcount()
    return (place % _STOP == 1).reindex(taxa.index).to_numpy()
