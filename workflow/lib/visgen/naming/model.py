"""A naming model: all that names specimens, learned from a study's labelled ones."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.lineages.known import Lineages, known_lineages
from visgen.features.within_covariance import NoSpreadError
from visgen.naming.calibration import Calibration, calibrate
from visgen.naming.candidates import Candidates
from visgen.naming.labelled import Labelled
from visgen.naming.odds import Pooling
from visgen.naming.out_of_fold import OutOfFold, ask_out_of_fold
from visgen.naming.parts import Parts, TrainHead, fit_parts
from visgen.naming.relatives import Placement, calibrate_placement
from visgen.naming.strangers import leave_out_groups
from visgen.specimens.taxonomy import lineage

#: Specimens of a gallery that new ones are compared with at a time.
BLOCK = 2**14


class Gallery(NamedTuple):
    """The labelled specimens, to show which ones a new specimen looks like.

    Attributes
    ----------
    looks
        (n_specimens, n_axes) float32, of length 1.
    taxa
        (n_specimens, n_ranks), index specimen.
    """

    looks: np.ndarray
    taxa: pd.DataFrame


class NamingModel(NamedTuple):
    """What names specimens.

    Attributes
    ----------
    lineages
        That can be named.
    parts
        Learned from all labelled specimens.
    pooling, calibration
        Measured on the same specimens, each out of fold.
    gallery
        These specimens.
    placement
        How far the nearest relatives are; None without a tree.
    candidates
        Taxa without labelled specimens that a new specimen may be; None without any.
    pictures
        id, sha256 and specimen of labelled images, one row each; None: nobody knows them.
    """

    lineages: Lineages
    parts: Parts
    pooling: Pooling
    calibration: Calibration
    gallery: Gallery
    placement: Placement | None
    candidates: Candidates | None = None
    pictures: pd.DataFrame | None = None


def study_lineages(taxa: pd.DataFrame) -> Lineages:
    """Return the lineages that labels form, (n_specimens, n_ranks) coarse to fine."""
    ranks = list(taxa.columns)
    named = {rank: pd.Index(sorted(taxa[rank].dropna().unique())) for rank in ranks}
    return known_lineages(named, {rank: lineage(taxa, ranks, rank) for rank in ranks})


def learn_names(
    labelled: Labelled,
    train_head: TrainHead,
    distances: pd.DataFrame | None,
    *,
    lineages: Lineages | None = None,
    seed: int,
) -> tuple[NamingModel, OutOfFold]:
    """Learn to name specimens, and measure how sure names may be.

    Everything is learned from all labelled specimens, and calibrated by what was said of each when
    it was left out: so no specimen is kept back from rare taxa, and what is measured is of models
    that knew a little less. Where names are taken from a trained network, those that it has not
    learned from calibrate alone.

    Parameters
    ----------
    labelled
        Specimens; versions of them teach, and calibrate, as further ones.
    train_head
        What learns to name.
    distances
        Phylogenetic distances between taxa of one of the ranks, named; None without a tree.
    lineages
        Those of the labels, where they were needed before; None finds them.
    seed
        Of folds, halves and draws.

    Returns
    -------
    model
        What names specimens.
    found
        What was said of specimens themselves when they were left out; of those alone that a
        network has not learned from, where names are taken from one.

    Raises
    ------
    ValueError
        If there are too few specimens or taxa, none has two specimens, or a network has learned
        from all.
    """
    lineages = study_lineages(labelled.taxa) if lineages is None else lineages
    if labelled.fresh is not None and not labelled.fresh.any():
        raise ValueError(
            f"the network that names are taken from has learned from all {len(labelled.fresh)} "
            "labelled specimens, expected some that it has not seen (splits: a validation part)"
        )
    try:
        found = ask_out_of_fold(labelled, lineages, train_head, seed)
    except NoSpreadError as error:
        raise ValueError(
            f"names of {lineages.ranks[-1]} cannot be learned ({error}); name specimens at coarser "
            "ranks (classification.ranks)"
        ) from error
    whole, _ = labelled.with_versions()
    lineage, original = found.lineage, found.origin == np.arange(len(found.origin))
    if whole.fresh is not None:
        found, original = found.of(whole.fresh), original[whole.fresh]
    left_out = leave_out_groups(whole, lineage, lineages, seed)
    own = lineage[: len(labelled.taxa)]
    n_known = np.bincount(own[own >= 0], minlength=len(lineages))
    pooling, calibration = calibrate(found, left_out, lineages, n_known, seed)
    found = found.of(original)
    parts = fit_parts(whole, lineage, train_head)
    looks = parts.space.apply(labelled.means)
    placement = None
    if distances is not None:
        placement = calibrate_placement(found, lineages, distances, seed)
    gallery = Gallery(unit_length(looks).astype(np.float32), labelled.taxa)
    return NamingModel(lineages, parts, pooling, calibration, gallery, placement), found


def unit_length(looks: np.ndarray) -> np.ndarray:
    """Return vectors divided by their lengths, which no look has at 0."""
    return looks / np.linalg.norm(looks, axis=1, keepdims=True)


def nearest_in(gallery: Gallery, looks: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest specimens of a gallery.

    Parameters
    ----------
    gallery
        Labelled specimens.
    looks
        (m, n_axes).
    n
        How many; fewer where the gallery has fewer.

    Returns
    -------
    position, distance
        (m, n) each, nearest first; the distance is 1 − cosine.
    """
    unit = unit_length(looks)
    near, far = np.empty((len(unit), 0), int), np.empty((len(unit), 0))
    for start in range(0, len(gallery.looks), BLOCK):
        block = gallery.looks[start : start + BLOCK].T.astype(float)
        far = np.hstack([far, np.maximum(1 - unit @ block, 0)])
        places = np.arange(start, start + block.shape[1])
        near = np.hstack([near, np.broadcast_to(places, (len(unit), len(places)))])
        if far.shape[1] > n:
            first = np.argpartition(far, n - 1, axis=1)[:, :n]
            near, far = (np.take_along_axis(of, first, axis=1) for of in (near, far))
    order = np.lexsort([near, far], axis=1)
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(far, order, axis=1)
