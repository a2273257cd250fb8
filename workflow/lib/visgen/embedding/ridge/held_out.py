"""Ridge with taxa held out, to the true distances and under nulls.

The nulls are those of `visgen.embedding.held_out.nulls`, with the same draws. What hangs on the
tree alone is made once, so that a refit costs a few small eigen-decompositions.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.embedding.folds import CLADES, kinds_of
from visgen.embedding.held_out.files import PERMUTED_COLUMNS
from visgen.embedding.held_out.fresh_looks import draws_of, score_fresh, unguided_folds
from visgen.embedding.held_out.nulls import (
    Question,
    beyond_chance,
    beyond_ranks,
    dealt_specimens,
    permuted_bags,
)
from visgen.embedding.held_out.refits import looks_in_bags
from visgen.embedding.held_out.scoring import Fold
from visgen.embedding.ridge.choosing import Choice
from visgen.embedding.ridge.fitting import fit_ridge
from visgen.embedding.ridge.known_taxa import KnownTaxa, place_known
from visgen.embedding.ridge.taxon_images import TaxonImages

#: Columns of the fits of folds.
FIT_COLUMNS = ["kind", "fold", "n_known", *Choice._fields]


class Tree(NamedTuple):
    """Where taxa are on the tree, and which are known in each fold.

    Attributes
    ----------
    distances
        (n_taxa, n_taxa), along the tree.
    known
        By kind of held-out taxa: the known taxa with fold 1, 2, ... held out.
    everyone
        No taxon held out.
    options
        Options of the guidance.
    questions
        What refits are made for.
    """

    distances: np.ndarray
    known: dict[str, list[KnownTaxa]]
    everyone: KnownTaxa
    options: Mapping[str, Any]
    questions: list[Question]


def place_folds(
    distances: np.ndarray, folds: pd.DataFrame, options: Mapping[str, Any], seed: int
) -> Tree:
    """Place the known taxa of each fold in space.

    Parameters
    ----------
    distances
        (n_taxa, n_taxa), along the tree.
    folds
        In the same order, index taxon: a column of fold numbers for each kind, null where left
        out; group_number and coarsest_number, of the groups of the rank above and the coarsest.
    options
        powers, axes and what `visgen.embedding.ridge.choosing.choose` takes.
    seed
        Of the deal of inner folds.
    """
    groups = folds["group_number"].to_numpy()
    shared = _shared(options, seed)
    everyone = place_known(distances, groups, np.ones(len(folds), bool), by_group=True, **shared)
    questions = [beyond_chance(folds), *beyond_ranks(distances, folds)]
    known = known_of_folds(distances, folds, options, seed)
    return Tree(distances, known, everyone, options, questions)


def known_of_folds(
    distances: np.ndarray, folds: pd.DataFrame, options: Mapping[str, Any], seed: int
) -> dict[str, list[KnownTaxa]]:
    """Return the known taxa by kind, with fold 1, 2, ... held out; parameters of `place_folds`."""
    groups = folds["group_number"].to_numpy()
    return {
        kind: [
            place_known(
                distances,
                groups,
                (folds[kind] != number).to_numpy(bool),
                by_group=kind == CLADES,
                **_shared(options, seed),
            )
            for number in range(1, int(folds[kind].max()) + 1)
        ]
        for kind in kinds_of(folds)
    }


def fit_folds(
    grams: Mapping[str, np.ndarray], tree: Tree
) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Hold out each fold of either kind in turn and fit to the others.

    Parameters
    ----------
    grams
        By layers, (n_blocks, n_taxa, n_taxa) each: inner products of what taxa look like.
    tree
        Of the same taxa in the same order.

    Returns
    -------
    visual
        By kind, (n_folds, n_taxa, n_taxa) float32: distances with fold 1, 2, ... held out.
    fits
        Columns `FIT_COLUMNS`.
    """
    visual, rows = {}, []
    for kind, known_taxa in tree.known.items():
        fits = [fit_ridge(grams, known, tree.options) for known in known_taxa]
        visual[kind] = np.stack([fit.distances.astype(np.float32) for fit in fits])
        for number, (fit, known) in enumerate(zip(fits, known_taxa, strict=True), start=1):
            about = {"kind": kind, "fold": number, "n_known": len(known.targets.known)}
            rows.append(about | fit.choice._asdict())
    return visual, pd.DataFrame(rows, columns=FIT_COLUMNS)


def refit_nulls(
    images: TaxonImages, specimens: pd.Series, tree: Tree, *, permutations: int, seed: int
) -> pd.DataFrame:
    """Choose, fit and score again under the nulls.

    Parameters
    ----------
    images
        Of the taxa of `tree`, in the same order.
    specimens
        Specimen of each image, index id; others may be in it.
    tree
        Of the true fit.
    permutations
        How often, of each null.
    seed
        Of the permutations; the first ones stay the same when more are asked for.

    Returns
    -------
    DataFrame
        As `visgen.embedding.held_out.refits.refit_nulls` returns it of unguided variants.
    """
    grams, rows = images.grams(), []
    for question in tree.questions:
        permuted, dealt = question.nulls
        for number, order in permuted_bags(question, permutations, seed):
            # Bag i takes the place of taxon order[i]: the tree stays, and what it bears moves.
            bag = np.argsort(order)
            moved = {layers: values[:, bag[:, None], bag] for layers, values in grams.items()}
            rows += [(permuted, number, *row) for row in _scores(moved, tree, question)]
        if images.pooling == "random":
            continue
        for number, places in dealt_specimens(question, images.bags, specimens, permutations, seed):
            scores = _scores(images.redealt(places).grams(), tree, question)
            rows += [(dealt, number, *row) for row in scores]
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def refit_fresh(
    images: TaxonImages,
    specimens: pd.Series,
    tree: Tree,
    folds: pd.DataFrame,
    *,
    refits: int,
    seed: int,
) -> pd.DataFrame:
    """Choose, fit and score fresh looks of the same taxa, and score them without guidance.

    Parameters
    ----------
    images, specimens, tree
        As in `refit_nulls`.
    folds
        As in `place_folds`.
    refits
        About how many.
    seed
        Of the draws.

    Returns
    -------
    DataFrame
        Columns `PERMUTED_COLUMNS`; null one of `visgen.embedding.held_out.fresh_looks.FRESH`, or
        of `FRESH_UNGUIDED` there. No row of random vectors.
    """
    if images.pooling == "random":
        return pd.DataFrame(columns=PERMUTED_COLUMNS)
    looks = looks_in_bags(images.bags, images.pooling, specimens, tree.distances, seed)

    def fit(vectors: np.ndarray) -> dict[str, dict[str, list[Fold]]]:
        # What the mean has beside the axes is shared by all, and no kernel sees it.
        grams = images.grams_of(vectors[:, :-1], looks.axes)
        own = {kind: fitted_folds(grams, tree, kind) for kind in tree.known}
        unguided = unguided_folds(vectors, tree.distances, folds, list(tree.known), True)
        return {"own": own, "unguided": unguided}

    rows = score_fresh(looks, fit, draws=draws_of(refits), seed=seed)
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def fitted_folds(grams: Mapping[str, np.ndarray], tree: Tree, kind: str) -> list[Fold]:
    """Fit with each fold of a kind held out."""
    groups = {question.step: question.groups for question in tree.questions if question.step}
    folds = []
    for known in tree.known[kind]:
        held_out = np.ones(len(tree.distances), bool)
        held_out[known.targets.known] = False
        fit = fit_ridge(grams, known, tree.options)
        folds.append(Fold(tree.distances, fit.distances, held_out, groups))
    return folds


def _scores(
    grams: Mapping[str, np.ndarray], tree: Tree, question: Question
) -> Iterator[tuple[str, str, str, float]]:
    """Yield kind, part, metric and value."""
    for kind in question.kinds:
        for (part, metric), value in question.scores(fitted_folds(grams, tree, kind)).items():
            yield kind, part, metric, value


def _shared(options: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return what all known taxa are placed by."""
    return {"powers": options["powers"], "n_axes": max(options["axes"]), "seed": seed}
