"""How well taxa that are known by their place alone would fit a new specimen."""

import logging

import numpy as np
import pandas as pd

from visgen.naming.candidate_names import Offered
from visgen.naming.candidates import Candidates
from visgen.naming.model import Gallery, NamingModel
from visgen.naming.parts import Said
from visgen.naming.prior_head import PriorHead, log_densities, train_prior_head
from visgen.naming.relatives import nearest_tip
from visgen.prior.looks import Looks
from visgen.prior.posterior import Posterior
from visgen.prior.relatives import MIN_KNOWN, relatives_of
from visgen.scikit_bio import DistanceMatrix

log = logging.getLogger(__name__)


def find_candidates(model: NamingModel, offered: Offered) -> Candidates | None:
    """Return what the taxa on offer are expected to look like, and where they belong.

    Parameters
    ----------
    model
        That names.
    offered
        Taxa without labelled specimens.

    Returns
    -------
    Candidates
        None without any.
    """
    if offered.above.empty:
        return None
    lineages, names = model.lineages, offered.above.index
    places = [lineages.taxa[r].get_indexer(offered.above[r]) for r in lineages.ranks[:-1]]
    far = np.full((len(names), len(lineages)), np.nan)
    if offered.distances is not None:
        tips = lineages.names.iloc[:, -1]
        far = offered.distances.reindex(index=names, columns=tips.fillna("")).to_numpy()
    means = np.full((len(names), model.gallery.looks.shape[1]), np.nan)
    variances = np.full(len(names), np.nan)
    if isinstance(model.parts.head, PriorHead) and offered.relatives is not None:
        expected = expect_looks(
            model.gallery, model.parts.space.length, offered, lineages.ranks[-1]
        )
        if expected is not None:
            found, posterior = expected
            means[found], variances[found] = posterior.means, posterior.variances
    places = np.array(places, int).reshape(-1, len(names)).T
    return Candidates(names.to_numpy(object), places, far, means, variances)


def expect_looks(
    gallery: Gallery, length: float, offered: Offered, rank: str
) -> tuple[np.ndarray, Posterior] | None:
    """Fit the prior to labelled specimens, and return what it expects of candidates.

    Parameters
    ----------
    gallery
        Labelled specimens.
    length
        Of a look.
    offered
        With distances by the source of the prior.
    rank
        Of the candidates.

    Returns
    -------
    position, posterior
        (n_found,) of the candidates that have distances, and what they are expected to look like;
        None where there are none, too few labelled taxa have distances, or these tell nothing.
    """
    distances = offered.relatives
    has = gallery.taxa[rank].isin(distances.index).to_numpy()
    code, taxa = pd.factorize(gallery.taxa.loc[has, rank], sort=True)
    position = np.flatnonzero(offered.above.index.isin(distances.index))
    if not len(position) or len(taxa) < MIN_KNOWN:
        return None
    images = gallery.looks[has].astype(float) * length
    n = np.bincount(code)
    means = np.zeros((len(taxa), images.shape[1]))
    np.add.at(means, code, images)
    looks = Looks(list(taxa), n, means / n[:, None], images, code)
    everyone = pd.Index(sorted([*taxa, *offered.above.index[position]]))
    values = distances.loc[everyone, everyone].to_numpy()
    try:
        relatives = relatives_of("candidates", DistanceMatrix(values, list(everyone)))
        posterior = train_prior_head(looks, everyone, relatives, rank).posterior
    except ValueError as error:
        log.warning("nothing is expected of candidates: %s", error)
        return None
    own = everyone.get_indexer(offered.above.index[position])
    return position, Posterior(posterior.general, posterior.means[own], posterior.variances[own])


def score_candidates(
    model: NamingModel, candidates: Candidates, said: Said, best: np.ndarray, node: np.ndarray
) -> np.ndarray:
    """Return how well candidates fit specimens, (n, n_candidates); −∞: no candidate for it.

    Parameters
    ----------
    model, candidates
        What is known.
    said
        Of n specimens.
    best, node
        (n,) most probable lineage, and the rank down to which it is trusted, −1 for none.

    Returns
    -------
    ndarray
        Where looks are expected of any candidate: log density less that of the known taxon that
        fits best, in nats at the temperature of the odds. Without: minus the patristic distance to
        the relative that the specimen looks most like; after these, all alike, those without a
        place in the tree that belong to the trusted taxon.

    Notes
    -----
    Measured, not cited: 245 birds and their tree, a fifth of the species withheld and offered, of
    three draws the means. The true one of 49 comes first, and among the first five, for 28 and 67 %
    of specimens by the looks that relatives make expected; by the distance in the tree to the
    relative looked most like for 24 and 52 %, were those alone asked that belong to the trusted
    taxon for 7 and 19 %; by the ranks shared with the most probable lineage for 25 and 48 %; by
    chance for 2 and 10 %.
    """
    expected = candidates.expected
    scores = np.full((len(best), len(candidates.names)), -np.inf)
    if expected.any():
        rank = model.parts.head.rank
        found = log_densities(
            said.looks, candidates.means[expected], candidates.variances[expected]
        )
        beyond = found - said.logits[rank].max(axis=1, keepdims=True)
        scores[:, expected] = beyond / model.pooling.temperatures[rank]
        return scores
    if model.placement is not None:
        nearest = nearest_tip(said.to_taxa, model.placement.tips)
        far = candidates.far.T[nearest].astype(float)
        placed = ~np.isnan(far)
        scores[placed] = -far[placed]
    # What has no place in the tree comes after all that has one.
    least = np.min(scores, where=np.isfinite(scores), initial=0.0) - 1
    inside = _inside(model.lineages.places, candidates.places, best, node)
    return np.where(np.isinf(scores) & inside, least, scores)


def _inside(
    lineages: np.ndarray, candidates: np.ndarray, best: np.ndarray, node: np.ndarray
) -> np.ndarray:
    """Tell which candidates belong to the trusted taxon of specimens, (n, n_candidates)."""
    n_coarser = candidates.shape[1]
    told = (node >= 0) & (node < n_coarser)
    inside = np.zeros((len(best), len(candidates)), bool)
    at = node[told]
    inside[told] = candidates.T[at] == lineages[best[told], at][:, None]
    return inside
