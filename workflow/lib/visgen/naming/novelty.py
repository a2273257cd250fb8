"""How far a specimen lies from all that a study knows: relative Mahalanobis distance."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.covariance import ledoit_wolf

from visgen.classification.lineages.known import Lineages
from visgen.prior.looks import Looks

#: What is told of a specimen that is like those of known taxa, and of one that is like none that
#: the study could make itself by leaving taxa out. Between them: "new species", "new genus" ...
KNOWN, NO_SUCH = "known", "no such specimen"
NEW = "new {}"


class Surroundings(NamedTuple):
    """What is known of looks, in the space in which images of one taxon vary by 1.

    Attributes
    ----------
    means
        (n_known, n_axes) of taxa.
    n
        (n_known,) specimens of each.
    centre
        (n_axes,) of all specimens.
    precision
        (n_axes, n_axes), the inverse of their covariance (Ledoit & Wolf 2004), whose variances are
        no less than 1: all specimens vary no less than those of one taxon.
    """

    means: np.ndarray
    n: np.ndarray
    centre: np.ndarray
    precision: np.ndarray


def surroundings_of(looks: Looks) -> Surroundings:
    """Return the means of taxa, and one normal distribution of all specimens.

    Looks of one taxon vary by 1 on an axis on average, and by less on those on which taxa are
    alike. There a picture of something else would be further from all specimens than from a taxon,
    and so the more of a known taxon the stranger it is, were the variances not held at 1.
    """
    covariance, _ = ledoit_wolf(looks.images)
    variances, axes = np.linalg.eigh(covariance)
    precision = (axes / np.maximum(variances, 1)) @ axes.T
    return Surroundings(looks.means, looks.n_images, looks.images.mean(axis=0), precision)


def distances_to_taxa(looks: np.ndarray, around: Surroundings) -> np.ndarray:
    """Return squared distances to the mean of each taxon, (n, n_known).

    Divided by 1 + 1/n: the mean of few specimens is uncertain.
    """
    squares = (
        (looks**2).sum(axis=1)[:, None] - 2 * looks @ around.means.T + (around.means**2).sum(axis=1)
    )
    return squares / (1 + 1 / around.n)


def distances_to_all(looks: np.ndarray, around: Surroundings) -> np.ndarray:
    """Return squared Mahalanobis distances to the distribution of all specimens, (n,)."""
    apart = looks - around.centre
    return np.einsum("ij,ij->i", apart @ around.precision, apart)


def novelty_scores(to_taxa: np.ndarray, to_all: np.ndarray) -> np.ndarray:
    """Return the relative Mahalanobis distance of Ren et al. 2021, (n,).

    The squared distance to the nearest taxon, less that to all: what makes a picture unusual
    whatever its taxon (a hand, a label, its light) is in both and cancels. So does what makes it a
    picture of something else altogether: see `visgen.naming.strangers`.

    Parameters
    ----------
    to_taxa
        (n, n_taxa); infinite where a taxon is not to be thought of.
    to_all
        (n,).
    """
    return to_taxa.min(axis=1) - to_all


def others_of(
    lineage: np.ndarray, known: np.ndarray, lineages: Lineages, rank: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is left where the taxon of a rank of each specimen is not known.

    Parameters
    ----------
    lineage
        (n,) number of the true lineage of each specimen.
    known
        (n, n_lineages) those that were learned from where the specimen was left out.
    lineages
        All of them.
    rank
        At which the specimen's own taxon is left out.

    Returns
    -------
    is_other
        (n, n_lineages) lineages that are not of this taxon.
    asked
        (n,) whether the taxon above stays known by another one of them; at the coarsest rank
        whether there is another one.
    """
    r = lineages.ranks.index(rank)
    place = lineages.places[:, r]
    own = place[lineage]
    is_other = place[None] != own[:, None]
    stays = is_other
    if r:
        above = lineages.places[:, r - 1]
        stays = is_other & (above[None] == above[lineage][:, None]) & (above[lineage] >= 0)[:, None]
    return is_other, (own >= 0) & (stays & known).any(axis=1)


def scores_without(
    to_taxa: np.ndarray, to_all: np.ndarray, lineage: np.ndarray, lineages: Lineages, rank: str
) -> np.ndarray:
    """Return what specimens would score were their taxon of a rank not known.

    Parameters
    ----------
    to_taxa
        (n, n_lineages).
    to_all
        (n,).
    lineage, lineages, rank
        As `others_of` takes them; known are those at a finite distance.

    Returns
    -------
    ndarray
        (m,) of those specimens that `others_of` asks of.
    """
    is_other, asked = others_of(lineage, np.isfinite(to_taxa), lineages, rank)
    left = np.where(is_other[asked], to_taxa[asked], np.inf)
    return novelty_scores(left, to_all[asked])


def p_values(scores: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """Return the share of calibration scores that are as large or larger, (n,), conformal."""
    ordered = np.sort(calibration)
    larger = len(ordered) - np.searchsorted(ordered, scores, side="left")
    return (1 + larger) / (len(ordered) + 1)


def levels(ranks: Sequence[str]) -> list[str]:
    """Return what a specimen may be, from known to new at the coarsest rank.

    >>> levels(["family", "genus", "species"])
    ['known', 'new species', 'new genus', 'new family']
    """
    return [KNOWN, *(NEW.format(rank) for rank in reversed(ranks))]
