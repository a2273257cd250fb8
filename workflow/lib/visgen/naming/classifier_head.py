"""Names by classifiers, one a rank."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.classifiers.keeping import train_to_keep
from visgen.classification.classifiers.kept.classifier import KeptClassifier
from visgen.naming.labelled import Labelled

_LEAST = 1e-12  # of a probability whose logarithm is taken


class ClassifierHead(NamedTuple):
    """A classifier a rank, each asked about every image; a specimen has the mean of its images.

    Attributes
    ----------
    classifiers
        By rank, coarse to fine.
    """

    classifiers: Mapping[str, KeptClassifier]

    def logits(self, x: np.ndarray, images: np.ndarray, looks: np.ndarray) -> dict[str, np.ndarray]:
        """See `visgen.naming.heads.Head`."""
        n_images = np.bincount(images, minlength=len(looks))[:, None].astype(np.float32)
        found = {}
        for rank, classifier in self.classifiers.items():
            logs = np.log(np.maximum(classifier.probabilities(x), _LEAST))
            sums = np.zeros((len(looks), logs.shape[1]), np.float32)
            np.add.at(sums, images, logs)
            found[rank] = sums / n_images
        return found


def train_classifiers(
    labelled: Labelled,
    taxa: Mapping[str, pd.Index],
    options: Mapping,
    *,
    seed: int,
    threads: int,
) -> ClassifierHead:
    """Train a classifier for every rank, on all images of labelled specimens.

    Parameters
    ----------
    labelled
        Specimens.
    taxa
        By rank, coarse to fine: all that can be named; some may have no specimen here.
    options
        A classifier of the config, as `visgen.classification.classifiers.fitting.fit_and_ask`
        takes it.
    """
    found = {}
    for rank, names in taxa.items():
        number = names.get_indexer(labelled.taxa[rank])[labelled.images]
        known = number >= 0
        training = pd.DataFrame({
            "position": np.flatnonzero(known),
            "repeat": 0,
            "taxon": number[known],
            "stratum": names[number[known]],
            "specimen": labelled.images[known],
        })  # fmt: skip
        found[rank] = train_to_keep(
            labelled.x, training, len(names), options, seed=seed, threads=threads
        )
    return ClassifierHead(found)
