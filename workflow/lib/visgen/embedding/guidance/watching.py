"""Known taxa that are not fitted but tell when to stop: whole groups, as unseen ones will be."""

import logging

import numpy as np

from visgen.distances.permutation_tests.matrices import MIN_TAXA
from visgen.embedding.folds import deal_groups

log = logging.getLogger(__name__)


def pick_watched(
    known: np.ndarray, groups: np.ndarray | None, share: float, seed: int
) -> np.ndarray:
    """Pick known taxa to watch, at least two, so that `MIN_TAXA` stay to fit.

    Parameters
    ----------
    known
        (n_taxa,) bool.
    groups
        (n_taxa,), the number of each taxon's group, of which whole ones are picked: those of a
        fold that they are dealt to. Single taxa are where all known taxa are of one group, and
        where a group leaves too few to fit; None picks single taxa.
    share
        Of the known taxa, about; 0 watches none.
    seed
        Of the draw.

    Returns
    -------
    ndarray
        (n_taxa,) bool.
    """
    watched = np.zeros(len(known), bool)
    if not share:
        return watched
    where, rng = np.flatnonzero(known), np.random.default_rng([seed, 4])
    n_watched = min(max(2, round(share * len(where))), len(where) - MIN_TAXA)
    if n_watched < 2:
        log.warning("%d known taxa leave none to watch: all are fitted to the end", len(where))
        return watched
    if groups is not None:
        fold = deal_groups(groups[where], max(2, round(1 / share)), rng)
        sizes = np.bincount(fold)
        # The fold of about the size that was asked for, of those that leave enough to fit.
        fits = (sizes >= 2) & (sizes <= len(where) - MIN_TAXA) & (len(sizes) > 1)
        if fits.any():
            apart = np.where(fits, np.abs(sizes - n_watched), np.inf)
            watched[where[fold == apart.argmin()]] = True
            return watched
    watched[rng.choice(where, n_watched, replace=False)] = True
    return watched
