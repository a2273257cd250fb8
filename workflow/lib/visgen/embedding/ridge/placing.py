"""Ridge to taxa outside the tree: where they would be on it, by what they look like."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.embedding.held_out.scoring import Fold
from visgen.embedding.ridge.fitting import RidgeFit, fit_ridge
from visgen.embedding.ridge.known_taxa import place_known
from visgen.scikit_bio import DistanceMatrix


class Placement(NamedTuple):
    """A fit to known taxa, and what it predicts of the others.

    Attributes
    ----------
    fit
        Of all taxa, in the order in which they were given.
    fold
        The same as a fold of which the taxa outside the tree are held out; no phylogenetic
        distance of theirs is known, which is NaN.
    """

    fit: RidgeFit
    fold: Fold


def place_taxa(
    grams: Mapping[str, np.ndarray],
    taxa: Sequence[str],
    genetic: DistanceMatrix,
    folds: pd.DataFrame,
    options: Mapping[str, Any],
    *,
    by_group: bool,
    seed: int,
) -> Placement:
    """Fit a ridge to the known taxa, and predict where the others are.

    It is `visgen.embedding.ridge.fitting.fit_ridge`, as it fits a fold: the others are held out,
    and change nothing among the known ones.

    Parameters
    ----------
    grams
        As `visgen.embedding.ridge.fitting.fit_ridge` takes them, of all taxa.
    taxa
        Names, (n_taxa,).
    genetic
        Phylogenetic distances, at least of the known taxa.
    folds
        Index taxon, of the known taxa, all of them among `taxa`: group_number.
    options
        Options of the guidance, as `visgen.embedding.ridge.held_out.place_folds` takes them.
    by_group
        Whether options are chosen by whole groups held out, for taxa of groups that are not known,
        or by single taxa.
    seed
        Of the deal of inner folds.
    """
    is_known = np.isin(np.asarray(taxa, dtype=object), folds.index)
    names = [taxon for taxon, known in zip(taxa, is_known, strict=True) if known]
    distances = np.full((len(taxa), len(taxa)), np.nan)
    distances[np.ix_(is_known, is_known)] = genetic.filter(names).data
    groups = np.full(len(taxa), -1)
    groups[is_known] = folds.loc[names, "group_number"]
    known = place_known(
        distances,
        groups,
        is_known,
        powers=options["powers"],
        n_axes=max(options["axes"]),
        by_group=by_group,
        seed=seed,
    )
    fit = fit_ridge(grams, known, options)
    return Placement(fit, Fold(distances, fit.distances, ~is_known))
