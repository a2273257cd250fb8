"""Names by looks that relatives make expected, in closed form."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.evidence import evidence_of
from visgen.prior.fitting import fit_prior, prior_covariance
from visgen.prior.looks import Looks
from visgen.prior.posterior import Posterior, posterior_of, posterior_weights
from visgen.prior.relatives import Relatives


class PriorHead(NamedTuple):
    """Looks of taxa as relatives make them expected; log densities around them.

    Attributes
    ----------
    rank
        Of the taxa.
    posterior
        Of all taxa of the rank, sorted by name.
    """

    rank: str
    posterior: Posterior

    def logits(self, x: np.ndarray, images: np.ndarray, looks: np.ndarray) -> dict[str, np.ndarray]:
        """See `visgen.naming.heads.Head`."""
        densities = log_densities(looks, self.posterior.means, self.posterior.variances)
        return {self.rank: densities.astype(np.float32)}


def log_densities(looks: np.ndarray, means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Return (n, n_taxa) log densities, without a constant, of looks around those of taxa.

    Parameters
    ----------
    looks
        (n, n_axes).
    means, variances
        (n_taxa, n_axes) and (n_taxa,), as a `visgen.prior.posterior.Posterior` has them.
    """
    spread = 1 + variances
    squares = (looks**2).sum(axis=1)[:, None] - 2 * looks @ means.T + (means**2).sum(axis=1)
    return -0.5 * (squares / spread + means.shape[1] * np.log(spread))


def train_prior_head(looks: Looks, taxa: pd.Index, relatives: Relatives, rank: str) -> PriorHead:
    """Learn what taxa look like from their specimens and from those of their relatives.

    Parameters
    ----------
    looks
        Of specimens; taxa as they are called in `taxa`.
    taxa
        All that can be named, sorted; some may have no specimen here.
    relatives
        How these taxa covary.
    rank
        Of the taxa.

    Raises
    ------
    ValueError
        If relatives are of other taxa, or have them in another order; as
        `visgen.prior.fitting.fit_prior`.
    """
    if list(relatives.taxa) != list(taxa):
        raise ValueError(
            f"relatives by {relatives.name}: {len(relatives.taxa)} taxa such as "
            f"{list(relatives.taxa)[:3]}, expected the {len(taxa)} of {rank} that can be named, "
            "sorted"
        )
    evidence = evidence_of(looks, list(taxa))
    fit = fit_prior(evidence, [relatives])
    prior = prior_covariance(fit, [relatives])
    weights = posterior_weights(prior, evidence.n_images, evidence.known)
    return PriorHead(rank, posterior_of(weights, looks.means))
