"""Pictures of what is no such specimen at all: farther from all that is known than a new taxon."""

from typing import NamedTuple

import numpy as np

from visgen.classification.lineages.known import Lineages
from visgen.naming.labelled import Labelled
from visgen.naming.novelty import distances_to_all, p_values, surroundings_of
from visgen.naming.out_of_fold import FOLDS
from visgen.prior.looks import fit_looks


class Strangers(NamedTuple):
    """What labelled specimens make expected of pictures that are no such specimen.

    Attributes
    ----------
    left_out
        (n_left_out,) squared distance to all, as `visgen.naming.novelty.distances_to_all` returns
        it, of specimens whose whole taxon of a coarse rank was left out.
    known
        (n_known,) `smaller_p` of specimens of known taxa, each out of fold.
    """

    left_out: np.ndarray
    known: np.ndarray


def group_rank(lineages: Lineages) -> str:
    """Return the coarsest rank with a taxon for every fold, or else the finest rank."""
    many = [rank for rank in lineages.ranks if len(lineages.taxa[rank]) >= FOLDS]
    return many[0] if many else lineages.ranks[-1]


def leave_out_groups(
    labelled: Labelled, lineage: np.ndarray, lineages: Lineages, seed: int
) -> np.ndarray:
    """Ask how far specimens are from all others when nothing of their group is known.

    Whole taxa of the coarsest rank that has ten are dealt to ten folds, and those of a fold are
    asked in a space that was whitened without them.

    Parameters
    ----------
    labelled
        Specimens; those that a network has learned from are not asked.
    lineage
        (n_specimens,) number of the lineage of each; −1 where it is not known.
    lineages
        That can be named.
    seed
        Of the deal.

    Returns
    -------
    ndarray
        (n_left_out,) squared distances to all; without folds that leave too little to learn from.

    Notes
    -----
    The relative distance of `visgen.naming.novelty.novelty_scores` tells new taxa from known ones,
    and is blind to what is foreign altogether: that is far from everything, which cancels. The
    distance to all is not. Compared with known specimens it would call most of what is new in a
    study with few groups no such specimen; so it is compared with groups that were left out whole.

    Measured, not cited: three draws each, with false flags of 5 %, features of
    tf_efficientnet_lite0 trained on ImageNet. A model of 245 birds calls 99.5 % of 320 moths no
    such specimen, and all of 300 simulated shells; by the relative distance alone it took 96 % of
    the moths and 46 % of the shells for known. One of 40 species of simulated shells calls all
    birds, moths and pictures without a shell new, 66, 69 and 89 % of them no such specimen (in one
    draw of three 1, 8 and 67 %: there groups left out are as far).
    The price: of known specimens 4.1 % are called new (birds) and 4.7 % (shells), by the relative
    distance alone 5.2 and 4.7 %; of new species of birds 24 instead of 27 %, of new genera 31
    instead of 35 %. Among them 3 to 5 % of new species, genera and families of birds, and 1 % of
    known ones, are called no such specimen. Photographs of known birds made darker, yellower,
    noisier or cropped by a fifth are so in 1 to 2 %, blurred in 5 %, upside down in 18 %.
    """
    place = lineages.places[:, lineages.ranks.index(group_rank(lineages))]
    group = np.where(lineage >= 0, place[lineage], -1)
    taxa = np.unique(group[group >= 0])
    dealt = np.random.default_rng([seed, 20]).permutation(len(taxa)) % FOLDS
    fold = np.where(group >= 0, dealt[np.searchsorted(taxa, group).clip(0, len(taxa) - 1)], -1)
    fresh = np.ones(len(fold), bool) if labelled.fresh is None else labelled.fresh
    means, found = labelled.means, []
    for number in np.unique(dealt):
        learned = (fold != number) & (lineage >= 0)
        try:
            space, looks = fit_looks(means[learned], lineage[learned], least_taxa=2)
        except ValueError:  # too few taxa are left, or none with two specimens
            continue
        asked = space.apply(means[(fold == number) & fresh])
        found.append(distances_to_all(asked, surroundings_of(looks)))
    return np.concatenate(found) if found else np.empty(0)


def smaller_p(
    scores: np.ndarray, to_all: np.ndarray, known: np.ndarray, left_out: np.ndarray
) -> np.ndarray:
    """Return the smaller of two p-values: of being known, and of being such a specimen, (n,).

    Parameters
    ----------
    scores, to_all
        (n,) relative distance, and squared distance to all.
    known, left_out
        What each is compared with.
    """
    return np.minimum(p_values(scores, known), p_values(to_all, left_out))
