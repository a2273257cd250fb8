"""All that one split tells of relatives: of taxa with specimens, without any, and in between."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.asking import (
    FIT_COLUMNS,
    Asked,
    RelativesOf,
    all_weights,
    ask,
    models,
    refit_rows,
    rows_of,
)
from visgen.prior.curve import learning_curve
from visgen.prior.permuting import relative_orders
from visgen.prior.posterior import Weights
from visgen.prior.recognition import SCORINGS, mean_recall, recall_by_taxon, scores_of
from visgen.prior.relatives import Relatives
from visgen.prior.scoring import (
    BEYOND_TAXONOMY,
    MAIN,
    OVER_TAXA,
    PERMUTED,
    PERMUTED_COLUMNS,
    PERMUTED_WITHIN,
    RIGHT,
    SEEN,
    TAXA_COLUMNS,
    UNSEEN,
)
from visgen.prior.training import Specimens, joined, thin_out
from visgen.prior.unseen import name_unseen

#: Part of the table of omissions that stands for all numbers of the learning curve.
CURVE = "curve"
#: Columns of what specimens are called.
NAMED_COLUMNS = ["specimen", "taxon", "n_train", "relatives", "predicted"]


class Tables(NamedTuple):
    """What a split tells.

    Attributes
    ----------
    taxa
        Columns `visgen.prior.scoring.TAXA_COLUMNS`, without seed.
    permuted
        Columns `visgen.prior.scoring.PERMUTED_COLUMNS`, without seed.
    predictions
        Columns `NAMED_COLUMNS`; of taxa with training specimens.
    fits
        Columns `visgen.prior.asking.FIT_COLUMNS`.
    omitted
        part and reason, of each part that there is nothing of.
    """

    taxa: pd.DataFrame
    permuted: pd.DataFrame
    predictions: pd.DataFrame
    fits: pd.DataFrame
    omitted: pd.DataFrame


def tables_of(
    taxa: Sequence = (),
    permuted: Sequence = (),
    predictions: Sequence = (),
    fits: Sequence = (),
    omitted: Sequence = (),
) -> Tables:
    """Return tables of rows; without any, those of a split that tells nothing."""
    return Tables(
        pd.DataFrame(list(taxa), columns=TAXA_COLUMNS[1:]),
        pd.DataFrame(list(permuted), columns=PERMUTED_COLUMNS[1:]),
        pd.DataFrame(list(predictions), columns=NAMED_COLUMNS),
        pd.DataFrame(list(fits), columns=FIT_COLUMNS),
        pd.DataFrame(list(omitted), columns=["part", "reason"]),
    )


def ask_seed(
    training: Specimens,
    others: Specimens,
    relatives_of: RelativesOf,
    above: pd.DataFrame,
    *,
    rare: float,
    tail: int,
    curve: Sequence[int],
    unseen: float,
    permutations: int,
    study_seed: int,
    seed: int,
) -> Tables:
    """Name specimens by the looks of their taxa, and by their relatives.

    Parameters
    ----------
    training, others
        Specimens of the training part, and those that are named.
    relatives_of
        How taxa covary by each source.
    above
        The taxa above each one, index taxon, coarse to fine.
    rare
        Share of the taxa of which one training specimen is kept; the others are asked.
    tail
        Taxa with fewer training specimens are rare.
    curve
        Numbers of training specimens of the learning curve.
    unseen
        Share of the taxa that are named without any training specimen.
    permutations
        Of relatives.
    study_seed
        Of permutations, which are the same in every split, so that means over splits are of one
        permutation each.
    seed
        Of all other draws.

    Returns
    -------
    Tables
        Without the parts that training has too few taxa for, or no taxon with two specimens.
    """
    orders = (permutations, study_seed)

    def of_seen() -> Tables:
        kept = thin_out(training, rare, seed)
        asked = joined(others, training.of(~kept))
        return _name_seen(training.of(kept), asked, relatives_of, above, tail, orders)

    def of_unseen() -> Tables:
        return tables_of(*name_unseen(training, others, relatives_of, above, unseen, orders, seed))

    def of_curve() -> Tables:
        return tables_of(learning_curve(training, others, relatives_of, curve, seed))

    found = []
    for part, name in ((SEEN, of_seen), (UNSEEN, of_unseen), (CURVE, of_curve)):
        try:
            found.append(name())
        except ValueError as error:  # fewer taxa, or specimens, are left than are needed
            found.append(tables_of(omitted=[(part, str(error))]))
    return Tables(*(_stacked(tables) for tables in zip(*found, strict=True)))


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def _name_seen(
    training: Specimens,
    asked: Specimens,
    relatives_of: RelativesOf,
    above: pd.DataFrame,
    tail: int,
    permutations: tuple[int, int],
) -> Tables:
    """Name specimens of taxa that have training specimens."""
    here = ask(training, asked, sorted(set(training.taxa)), calibrated=True)
    relatives = relatives_of(here.taxa)
    rows, named, fits = [], [], []
    for name, weights, told in all_weights(here, models(relatives)):
        fits += [{"relatives": name} | told] if told else []
        for scoring in SCORINGS:
            scores = scores_of(here.trial, weights, scoring)
            rows += rows_of(SEEN, here, name, scoring, RIGHT, recall_by_taxon(here.trial, scores))
            if scoring == MAIN and not name.endswith(BEYOND_TAXONOMY):
                named += _named(here, name, scores)
    permuted = _permuted_seen(here, relatives, above, tail, *permutations)
    return tables_of(rows, permuted, named, fits)


def _named(asked: Asked, name: str, scores: np.ndarray) -> Iterator[tuple]:
    called = scores.argmax(axis=1)
    for specimen, truth, found in zip(asked.names, asked.trial.truth, called, strict=True):
        n_train = asked.trial.n_images[truth]
        yield specimen, asked.taxa[truth], n_train, name, asked.taxa[found]


def _permuted_seen(
    asked: Asked,
    relatives: Mapping[str, Relatives],
    above: pd.DataFrame,
    tail: int,
    permutations: int,
    seed: int,
) -> Iterator[tuple]:
    """Yield what each model scores where its last relatives are dealt to other taxa."""
    rare = asked.trial.n_images < tail
    parts = dict(zip(OVER_TAXA, (np.ones(len(rare), bool), rare, ~rare), strict=True))

    def measure(weights: Weights) -> dict[str, float]:
        right = recall_by_taxon(asked.trial, scores_of(asked.trial, weights, MAIN))
        return {metric: mean_recall(right, taken) for metric, taken in parts.items()}

    for name, kinds in models(relatives).items() if permutations else ():
        nulls = {PERMUTED: None}
        if name.endswith(BEYOND_TAXONOMY):
            nulls |= {PERMUTED_WITHIN + rank: above[rank] for rank in above.columns[-2:]}
        for null, groups in nulls.items():
            if groups is not None and not groups.reindex(asked.taxa).dropna().duplicated().any():
                continue  # there is nothing to permute
            orders = relative_orders(asked.taxa, permutations, seed, groups, above.index)
            yield from refit_rows(asked, kinds, orders, measure, null, name, SEEN)
