"""A ridge from look to tree, fitted to known taxa: coordinates and distances of all."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from visgen.distances.matrices import tidy
from visgen.embedding.ridge.choosing import Choice, choose, predict, to_unit_size
from visgen.embedding.ridge.kernels import centred_kernel
from visgen.embedding.ridge.known_taxa import KnownTaxa
from visgen.embedding.ridge.solving import predicted_distances


class RidgeFit(NamedTuple):
    """What was chosen and predicted.

    Attributes
    ----------
    choice
        Of what was left open.
    coordinates
        (n_taxa, n_axes), predicted; their mean square length over known taxa is 1.
    distances
        (n_taxa, n_taxa), between predicted taxa.
    """

    choice: Choice
    coordinates: np.ndarray
    distances: np.ndarray


def fit_ridge(
    grams: Mapping[str, np.ndarray], known: KnownTaxa, options: Mapping[str, Any]
) -> RidgeFit:
    """Choose by inner folds, fit to all known taxa, and predict all taxa.

    Taxa that are not known change nothing among known ones: they are in no mean, no weight and no
    target.

    Parameters
    ----------
    grams
        By layers, (n_blocks, n_taxa, n_taxa) each, as
        `visgen.embedding.ridge.kernels.gram_matrices` makes them.
    known
        As `visgen.embedding.ridge.known_taxa.place_known` places them by these options.
    options
        As in `visgen.embedding.ridge.choosing.choose`.

    Raises
    ------
    ValueError
        If what is predicted is not finite.
    """
    choice = choose(grams, known.inner, options)
    targets = known.targets
    kernel = centred_kernel(grams[choice.layers], targets.known)
    power = list(options["powers"]).index(choice.power)
    alone = targets._replace(coordinates=targets.coordinates[power : power + 1, :, : choice.axes])
    (((coordinates),),) = predict(kernel, alone, [choice.penalty])
    coordinates = to_unit_size(coordinates, targets.known)
    if not np.isfinite(coordinates).all():
        raise ValueError("predicted coordinates of a taxon are not finite")
    squares, own = np.square(coordinates).sum(axis=1), np.diagonal(kernel)
    products = coordinates @ coordinates.T
    distances = predicted_distances(
        products, (squares, squares), kernel, (own, own), choice.residual
    )
    return RidgeFit(choice, coordinates, tidy(distances))
