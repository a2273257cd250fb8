"""Scores of every variant of every backbone on taxa that its guidance has not seen."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from visgen.embedding.guidance.in_sample import in_sample_rows
from visgen.embedding.held_out.files import read_fold_distances
from visgen.embedding.held_out.many_variants import best_variant_rows
from visgen.embedding.held_out.random_draws import random_rows
from visgen.embedding.held_out.rows import NEAREST_COLUMNS, held_out_rows, nearest_table
from visgen.metrics import metrics_table
from visgen.scikit_bio import DistanceMatrix
from visgen.tables import read_table

#: A backbone and a variant.
Pair = tuple[str, str]


def score_held_out(
    genetic: DistanceMatrix,
    folds: pd.DataFrame,
    visual: Mapping[Pair, Path],
    permuted: Mapping[Pair, Path],
    fits: Mapping[Pair, Path],
    *,
    references: Mapping[str, str],
    random: Collection[str],
    rank: str,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every variant of every backbone on taxa that its guidance has not seen.

    Parameters
    ----------
    genetic
        Distances between the tips.
    folds
        As split_taxa writes it, index taxon.
    visual, permuted
        By backbone and variant: distances of every fold, and scores of refits.
    fits
        By backbone and guided variant: what its fit to all taxa reached.
    references
        By variant: the unguided one that it is compared with.
    random
        Variants that know nothing of the images.
    rank, seed
        Of the tips; of what is drawn.

    Returns
    -------
    scores : DataFrame
        Columns of the contract.
    nearest : DataFrame
        Which known relative each held-out taxon looks most like.
    """
    taxa = folds.index.tolist()
    labels = {"experiment": "embedding", "rank": rank, "seed": seed}
    columns = ["backbone", "variant", *NEAREST_COLUMNS]
    scores, refits, nearest = [], {}, [pd.DataFrame(columns=columns)]
    for (backbone, name), path in visual.items():
        own = {"backbone": backbone, "variant": name}
        null, reference = read_table(permuted[backbone, name]), references[name]
        if (backbone, name) in fits:
            refits[backbone, name] = null
        # A variant at a time, since a fold has a matrix of all taxa.
        compared = None if reference == name else visual[backbone, reference]
        others = compared and read_fold_distances(compared, genetic, folds)
        refits_of_others = compared and read_table(permuted[backbone, reference])
        for kind, its_folds in read_fold_distances(path, genetic, folds).items():
            of_kind = null[null["kind"] == kind]
            beside = None
            if others:
                its = refits_of_others[refits_of_others["kind"] == kind]
                beside = (reference, others[kind], its)
            rows = (
                random_rows(kind, its_folds, of_kind)
                if name in random
                else held_out_rows(kind, its_folds, of_kind, beside, seed)
            )
            scores += [labels | own | row for row in rows]
            nearest.append(nearest_table(kind, its_folds, taxa).assign(**own))
    scores += [labels | row for row in best_variant_rows(metrics_table(scores), refits)]
    for (backbone, name), path in fits.items():
        own = {"backbone": backbone, "variant": name}
        scores += [labels | own | row for row in in_sample_rows(read_table(path))]
    return metrics_table(scores), pd.concat(nearest)
