"""Which lineage to name, given the probabilities of all."""

from collections.abc import Mapping

import numpy as np

from visgen.classification.lineages.known import Lineages


def most_probable(log_probabilities: np.ndarray) -> np.ndarray:
    """Return the number of the most probable lineage of each image, of equals the first."""
    return log_probabilities.argmax(axis=1)


def least_costly(summed: Mapping[str, np.ndarray], lineages: Lineages) -> np.ndarray:
    """Return the lineage of the least expected cost, a mistake costing one for each wrong rank.

    The decision of Karthik et al. 2021 (conditional risk minimisation), whose cost is the height
    at which the guess and the truth meet. Over lineages named at all ranks that is the number of
    ranks at which they differ, so its expectation needs no matrix of costs: it is least where the
    probabilities of the lineage's taxa, summed over the ranks, are largest.

    Parameters
    ----------
    summed
        By rank: the probability of each taxon, as `visgen.classification.lineages.joint.marginals`
        returns them.
    lineages
        The lineages; a rank without a name is counted as wrong.

    Returns
    -------
    ndarray
        (n_images,), of equals the first.
    """
    n_images = len(summed[lineages.ranks[0]])
    right = np.zeros((n_images, len(lineages)))
    for r, rank in enumerate(lineages.ranks):
        place = lineages.places[:, r]
        right += np.where(place >= 0, summed[rank][:, place], 0.0)
    return right.argmax(axis=1)
