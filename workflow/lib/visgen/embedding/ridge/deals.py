"""Ridge in further deals of taxa to folds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from visgen.embedding.further_deals import each_deal
from visgen.embedding.held_out.deals import score_deals
from visgen.embedding.held_out.scoring import Fold
from visgen.embedding.ridge.held_out import Tree, fitted_folds, known_of_folds


def fit_deals(
    grams: Mapping[str, np.ndarray],
    tree: Tree,
    folds: pd.DataFrame,
    further: pd.DataFrame,
    seed: int,
) -> pd.DataFrame:
    """Choose, fit and score in further deals.

    Parameters
    ----------
    grams, tree
        As in `visgen.embedding.ridge.held_out.fit_folds`.
    folds
        Of the first deal, in the order of the taxa of `tree`.
    further
        As `visgen.embedding.further_deals.deal_further` returns it.
    seed
        Of the deal of inner folds.

    Returns
    -------
    DataFrame
        As `visgen.embedding.held_out.deals.score_deals` returns it.
    """

    def fit(dealt: pd.DataFrame) -> dict[str, list[Fold]]:
        known = known_of_folds(tree.distances, dealt, tree.options, seed)
        placed = tree._replace(known=known)
        return {kind: fitted_folds(grams, placed, kind) for kind in known}

    return score_deals(each_deal(folds, further), fit)
