"""Learning curves: taxa with few training specimens, or none, while other taxa have all."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from visgen.prior.asking import RelativesOf, all_weights, ask, rows_of
from visgen.prior.recognition import recall_by_taxon, scores_of
from visgen.prior.scoring import MAIN, RIGHT, curve_part
from visgen.prior.training import Specimens, keep_some

_FOLDS = 5
_FEWEST = 10  # taxa


def learning_curve(
    training: Specimens,
    others: Specimens,
    relatives_of: RelativesOf,
    curve: Sequence[int],
    seed: int,
) -> Iterator[tuple]:
    """Name specimens of taxa that have few training specimens, while other taxa have all.

    Taxa are dealt to folds, which take turns; the same ones are asked at every number.

    Parameters
    ----------
    training, others, relatives_of, seed
        As in `visgen.prior.seed.ask_seed`.
    curve
        Numbers of training specimens; those that fewer than ten taxa have are left out.

    Yields
    ------
    tuple
        Rows of the table of taxa, without seed.

    Raises
    ------
    ValueError
        If too few taxa are left.
    """
    n_train = pd.Series(training.taxa).value_counts()
    n_train = n_train[n_train.index.isin(others.taxa)]
    numbers = [n for n in sorted(curve) if (n_train >= n).sum() >= _FEWEST]
    if not numbers or not numbers[-1]:
        return
    taxa = np.array(sorted(n_train.index[n_train >= numbers[-1]]), dtype=object)
    fold_of = np.random.default_rng([seed, 14]).permutation(len(taxa)) % _FOLDS
    candidates = sorted(set(training.taxa))
    alone = {source: [one] for source, one in relatives_of(candidates).items()}
    for fold in range(_FOLDS):
        focal = taxa[fold_of == fold]
        of_focal = others.of(np.isin(others.taxa, focal))
        for number in numbers:
            few = training.of(keep_some(training, focal, number, seed))
            here = ask(few, of_focal, candidates)
            for name, weights, told in all_weights(here, alone):
                right = recall_by_taxon(here.trial, scores_of(here.trial, weights, MAIN))
                if not number and not told:  # a blind pick
                    right = np.where(np.isnan(right), np.nan, 1 / len(candidates))
                yield from rows_of(curve_part(number), here, name, MAIN, RIGHT, right)
