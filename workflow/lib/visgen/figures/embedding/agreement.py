"""The distances of one variant beside those on the tree, and in words how far they agree."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from visgen.embedding.unguided import RANDOM_DRAWS
from visgen.figures.embedding.side_by_side import plot_side_by_side
from visgen.figures.leaf_order import leaf_order
from visgen.figures.matrices import plot_notice
from visgen.metrics import SCORE, of_role
from visgen.scikit_bio import DistanceMatrix

_FEWEST = 3  # taxa of a figure


def plot_agreement(
    variant: str,
    genetic: DistanceMatrix,
    visual: DistanceMatrix,
    groups: pd.Series,
    scores: pd.DataFrame,
    fit: Mapping[str, Any] | None,
) -> Figure:
    """Draw visual distances beside phylogenetic ones, taxa in the order of the tree's leaves.

    Parameters
    ----------
    variant
        Its name.
    genetic, visual : skbio.stats.distance.DistanceMatrix
        Between the taxa with a place in the tree, and between those with a vector.
    groups
        The group (rank above) of each taxon, taxon names as index.
    scores
        Columns of the contract; evaluator ``mantel``.
    fit
        How a guided variant was fitted: its row of ``fit.tsv``, of which ``pearson`` is told; one
        without a loss predicts places on the tree. None for an unguided variant.

    Raises
    ------
    ValueError
        If a taxon is not in the groups.
    """
    shared = [taxon for taxon in genetic.ids if taxon in visual.ids]
    if len(shared) < _FEWEST:
        return plot_notice(f"{len(shared)} taxa have vectors and a place in the tree")
    words = variant.replace("_", " ")
    if fit is None:
        title = agreement_in_words(scores, variant, len(shared))
    else:
        title = fit_in_words(fit["pearson"], len(shared))
    by_places = fit is not None and "loss" not in fit
    return plot_side_by_side(
        genetic.filter(shared),
        visual.filter(shared),
        leaf_order(genetic.filter(shared), groups),
        groups,
        title,
        genetic_label="phylogenetic distance",
        visual_label=f"distance by predicted places, {words}"
        if by_places
        else f"cosine distance of {words} vectors",
    )


def fit_in_words(r: float, n_taxa: int) -> str:
    """Return the title of a guided variant's figure, which has no test.

    Parameters
    ----------
    r
        In-sample, as `visgen.embedding.guidance.in_sample.in_sample_r` returns it; NaN where there
        is none.
    n_taxa
        Of the figure.
    """
    words = "the distances are all equal" if np.isnan(r) else f"r = {r:.3f} proves nothing"
    return f"fitted to these very distances: {words}; see held-out taxa\n{_size(n_taxa)}"


def agreement_in_words(scores: pd.DataFrame, variant: str, n_taxa: int) -> str:
    """Return the title of an unguided variant's figure: its test, or why there is none.

    Parameters
    ----------
    scores
        Columns of the contract; evaluator ``mantel``.
    variant
        Its name.
    n_taxa
        Of the figure.
    """
    size = _size(n_taxa)
    own = of_role(scores, SCORE)
    is_test = (own["evaluator"] == "mantel") & (own["metric"] == "pearson")
    tests = own[is_test & (own["variant"] == variant)]
    if tests.empty:
        return f"{n_taxa} taxa: too few, or distances too equal, for a Mantel test"
    test = tests.iloc[0]
    interval = f"95 % {test['ci_low']:.3f} to {test['ci_high']:.3f}"
    if np.isnan(test["p"]):
        return (
            f"vectors that know nothing of the images: mean r = {test['value']:.3f} of "
            f"{RANDOM_DRAWS} draws ({interval}), one of them shown\n{size}"
        )
    shown = "" if np.isnan(test["ci_low"]) else f" ({interval})"
    return f"Mantel r = {test['value']:.3f}{shown}, p = {test['p']:.3g}\n{size}"


def _size(n_taxa: int) -> str:
    return f"n = {n_taxa} taxa, {n_taxa * (n_taxa - 1) // 2} pairs"
