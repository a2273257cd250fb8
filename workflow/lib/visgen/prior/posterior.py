"""How each taxon looks, by its own images and by its relatives, and the scores of specimens."""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax

from visgen.signal.variance_components import invert

_LEAST = 1e-12
_NOISE = 1e-10  # of the largest score: scores closer than this are equal


class Weights(NamedTuple):
    """How the looks of taxa come from the means of those with images.

    Attributes
    ----------
    of_general
        (n_known,) of each mean in the general one, g; they sum to 1.
    of_taxa
        (n_taxa, n_known) of each mean in the posterior mean of a taxon; rows sum to 1.
    variances
        (n_taxa,) posterior, on every axis, with what is not known of g.
    """

    of_general: np.ndarray
    of_taxa: np.ndarray
    variances: np.ndarray


class Posterior(NamedTuple):
    """Looks of taxa.

    Attributes
    ----------
    general
        (n_axes,) g, the mean over taxa by generalised least squares.
    means
        (n_taxa, n_axes) posterior.
    variances
        (n_taxa,) posterior, on every axis.
    """

    general: np.ndarray
    means: np.ndarray
    variances: np.ndarray


class Products(NamedTuple):
    """Products of looks, which is all that scores need: new weights cost no product of looks.

    Attributes
    ----------
    specimens
        (n,) of each specimen with itself.
    with_means
        (n, n_known) with the means of taxa with images.
    means
        (n_known, n_known) between means.
    n_axes
        Of the looks.
    """

    specimens: np.ndarray
    with_means: np.ndarray
    means: np.ndarray
    n_axes: int


def posterior_weights(
    prior: np.ndarray, n_images: np.ndarray, known: np.ndarray | None = None
) -> Weights:
    """Return how the looks of taxa come from means (universal kriging; Cressie 1993, 3.4).

    The posterior mean is g + K_known V⁻¹ (M − g) with V = K + diag(1 / n_images).

    Parameters
    ----------
    prior
        (n_taxa, n_taxa) K, of taxa without images, too.
    n_images
        (n_known,).
    known
        (n_known,) positions of the taxa with images; None for all.

    Raises
    ------
    ValueError
        If V is not positive definite.
    """
    known = np.arange(len(prior)) if known is None else known
    of_known = prior[:, known]
    observed = of_known[known].copy()
    observed[np.diag_indices_from(observed)] += 1 / np.asarray(n_images, dtype=np.float64)
    inverse, _ = invert(observed)
    rows = inverse.sum(axis=1)
    general = rows / rows.sum()
    gains = of_known @ inverse
    lacking = 1 - gains.sum(axis=1)
    variances = np.diag(prior) - (gains * of_known).sum(axis=1) + lacking**2 / rows.sum()
    return Weights(general, gains + np.outer(lacking, general), np.maximum(variances, 0))


def plain_weights(n_images: np.ndarray) -> Weights:
    """Return weights of taxa that have no relatives and are not shrunk: their means as they are.

    Parameters
    ----------
    n_images
        (n_taxa,), all with images.
    """
    n = len(n_images)
    return Weights(np.full(n, 1 / n), np.eye(n), 1 / np.asarray(n_images, dtype=np.float64))


def posterior_of(weights: Weights, means: np.ndarray) -> Posterior:
    """Return the looks of taxa from the (n_known, n_axes) means of those with images."""
    return Posterior(weights.of_general @ means, weights.of_taxa @ means, weights.variances)


def products_of(looks: np.ndarray, means: np.ndarray) -> Products:
    """Return products of (n, n_axes) looks of specimens and (n_known, n_axes) means."""
    squares = np.einsum("ij,ij->i", looks, looks)
    return Products(squares, looks @ means.T, means @ means.T, means.shape[1])


def cosine_scores(products: Products, weights: Weights) -> np.ndarray:
    """Return (n, n_taxa) cosines of specimens to the posterior means of taxa, both less g."""
    centred = weights.of_taxa - weights.of_general
    turned = centred @ products.means
    lengths = np.sqrt(np.maximum((turned * centred).sum(axis=1), _LEAST))
    with_general = products.with_means @ weights.of_general
    general = weights.of_general @ products.means @ weights.of_general
    own = np.sqrt(np.maximum(products.specimens - 2 * with_general + general, _LEAST))
    found = products.with_means @ centred.T - turned @ weights.of_general
    return found / own[:, None] / lengths


def density_scores(products: Products, weights: Weights) -> np.ndarray:
    """Return (n, n_taxa) log densities of specimens, in nats, without a constant.

    A specimen of a taxon differs from its posterior mean by 1 on each axis, and by what is not
    known of that mean. As probabilities they are much too sure, since axes are not independent:
    see `log_probabilities`.
    """
    lengths = ((weights.of_taxa @ products.means) * weights.of_taxa).sum(axis=1)
    squares = products.specimens[:, None] - 2 * products.with_means @ weights.of_taxa.T + lengths
    spread = 1 + weights.variances
    return -0.5 * (squares / spread + products.n_axes * np.log(spread))


def log_probabilities(
    scores: np.ndarray, temperature: float, n_images: np.ndarray | None = None
) -> np.ndarray:
    """Return (n, n_taxa) log probabilities of `density_scores`.

    Parameters
    ----------
    scores
        (n, n_taxa).
    temperature
        As `visgen.prior.calibrating.fit_temperature` finds it.
    n_images
        (n_taxa,) of training: new specimens are expected to come as often as these did, so that
        common taxa lose nothing to rare ones, and none is named that has none. None expects all
        taxa alike.
    """
    logits = scores / temperature
    if n_images is not None:
        with np.errstate(divide="ignore"):
            logits = logits + np.log(n_images)
    return log_softmax(logits, axis=1)


def credit(scores: np.ndarray, true: np.ndarray, first: int = 1) -> np.ndarray:
    """Return (n,) chance that the true taxon is among the first ones, ties broken at random.

    Taxa without images that have the same place among relatives have the same score.

    Parameters
    ----------
    scores
        (n, n_taxa).
    true
        (n,) score of the true taxon, which is among them.
    first
        How many.
    """
    sizes = np.where(np.isfinite(scores), np.abs(scores), 0)
    noise = _NOISE * sizes.max(axis=1)
    above = (scores > (true + noise)[:, None]).sum(axis=1)
    tied = (scores >= (true - noise)[:, None]).sum(axis=1) - above
    return np.clip((first - above) / tied, 0, 1)
