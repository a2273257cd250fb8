"""Unguided vectors in further deals of taxa to folds."""

import pandas as pd

from visgen.embedding.folds import kinds_of
from visgen.embedding.further_deals import each_deal
from visgen.embedding.guidance.fitting import in_bag_order
from visgen.embedding.guidance.taxon_embedder import TaxonEmbedder
from visgen.embedding.held_out.deals import score_deals
from visgen.embedding.held_out.files import PERMUTED_COLUMNS
from visgen.embedding.held_out.refits import fitted_folds
from visgen.embedding.held_out.scoring import Fold
from visgen.scikit_bio import DistanceMatrix


def fit_deals(
    embedder: TaxonEmbedder, genetic: DistanceMatrix, folds: pd.DataFrame, further: pd.DataFrame
) -> pd.DataFrame:
    """Score an unguided variant in further deals of taxa to folds.

    Parameters
    ----------
    embedder, genetic, folds
        As in `visgen.embedding.held_out.refits.fit_folds`.
    further
        As `visgen.embedding.further_deals.deal_further` returns it.

    Returns
    -------
    DataFrame
        As `visgen.embedding.held_out.deals.score_deals` returns it. No row of random vectors, which
        are compared with nothing, and of guided variants, each of whose fits is a training.
    """
    variant = embedder.variant
    if variant["pooling"] == "random" or variant["guidance"] is not None:
        return pd.DataFrame(columns=PERMUTED_COLUMNS)
    folds = folds.loc[list(embedder.bags.taxa)]
    distances = in_bag_order(genetic, embedder.bags)

    def fit(dealt: pd.DataFrame) -> dict[str, list[Fold]]:
        return {kind: fitted_folds(embedder, distances, dealt, kind) for kind in kinds_of(dealt)}

    return score_deals(each_deal(folds, further), fit)
