"""How much each rank counts in a joint answer, and one temperature, fitted on validation."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from visgen.classification.lineages.joint import joint_logs
from visgen.classification.lineages.known import Lineages

#: Specimens that the belief in equal weights counts as.
PRIOR = 10.0

_WIDEST = 100.0  # where all ranks count alike, the temperature is between 1 / 100 and 100
_FEWEST, _MOST = 1e-3, 20.0  # times that a rank can count as much as if all counted alike
_LEAST = 1e-30  # of a probability whose logarithm is taken


class RankWeights(NamedTuple):
    """How the ranks are weighed.

    Attributes
    ----------
    shares
        (n_ranks,) how much each rank counts; they sum to one.
    temperature
        By what the weighted sum is divided.
    n
        Specimens that both were fitted to; 0 where there was none.
    """

    shares: np.ndarray
    temperature: float
    n: int

    @property
    def exponents(self) -> np.ndarray:
        """The exponents of the ranks' probabilities, (n_ranks,)."""
        return self.shares / self.temperature


def equal_weights(n_ranks: int) -> RankWeights:
    """Return weights that nothing was fitted to: the geometric mean over ranks."""
    return RankWeights(np.full(n_ranks, 1 / n_ranks), 1.0, 0)


def fit_weights(
    terms: np.ndarray, truth: np.ndarray, lineages: Lineages, specimen: np.ndarray
) -> RankWeights:
    """Return the weights and the temperature under which the true taxa are most probable.

    The loss of an image is the mean of −log p(true taxon) over the ranks at which its taxon is
    known, p being summed over the taxon's lineages; every specimen counts once. First one exponent
    for all ranks is found, with a penalty, half the squared logarithm of the temperature: else few
    specimens that are all right make every answer sure. Then one a rank, with a penalty on what
    differs from the first (relative, squared) that counts as `PRIOR` specimens: few specimens leave
    the ranks alike.

    Parameters
    ----------
    terms
        As `visgen.classification.lineages.joint.log_terms` returns them.
    truth
        (n_images, n_ranks) number of the true taxon; negative where it is not known, or none of
        those that can be named.
    lineages
        As for `terms`.
    specimen
        (n_images,) name or number of the specimen.

    Returns
    -------
    RankWeights
        Equal ones where no image has a true taxon.
    """
    n_ranks = len(lineages.ranks)
    known = truth >= 0
    used = known.any(axis=1)
    if not used.any():
        return equal_weights(n_ranks)
    terms, truth, known = terms[used], truth[used], known[used]
    _, code, n_images = np.unique(specimen[used], return_inverse=True, return_counts=True)
    # (n_images, n_ranks): every specimen counts once, all its images and known ranks alike
    counts = known / (n_images[code] * known.sum(axis=1))[:, None]
    own = [lineages.places[:, r] == truth[:, r, None] for r in range(n_ranks)]

    def loss(exponents: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss, a sum over specimens, and its slope."""
        p = np.exp(joint_logs(terms, exponents))
        mean = _expected(p, terms)
        total, slope = 0.0, np.zeros(n_ranks)
        for r in range(n_ranks):
            inside = p * own[r]
            mass = np.maximum(inside.sum(axis=1), _LEAST)
            total -= counts[:, r] @ np.log(mass)
            slope -= counts[:, r] @ (_expected(inside / mass[:, None], terms) - mean)
        return total, slope

    def loss_alike(log_exponent: float) -> float:
        log_temperature = -log_exponent - np.log(n_ranks)
        return loss(np.full(n_ranks, np.exp(log_exponent)))[0] + log_temperature**2 / 2

    widest = np.log(_WIDEST)
    grid = np.linspace(-widest, widest, 24) - np.log(n_ranks)
    losses = [loss_alike(e) for e in grid]
    best = int(np.argmin(losses))
    limits = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(loss_alike, bounds=limits, method="bounded")
    alike = np.exp(found.x)

    def penalised(relative: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = loss(alike * relative)
        off = relative - 1
        return total + PRIOR * off @ off / 2, alike * slope + PRIOR * off

    found = minimize(
        penalised,
        np.ones(n_ranks),
        jac=True,
        method="L-BFGS-B",
        bounds=[(_FEWEST, _MOST)] * n_ranks,
    )
    exponents = alike * found.x
    return RankWeights(exponents / exponents.sum(), 1 / exponents.sum(), len(n_images))


def _expected(p: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Return the terms expected under probabilities (n_images, n_lineages), (n_images, n_ranks)."""
    return np.einsum("il,irl->ir", p, terms, optimize=True)
