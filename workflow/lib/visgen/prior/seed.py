"""All that one split tells of relatives: of taxa with specimens, without any, and in between."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.asking import FIT_COLUMNS, Asked, all_weights, ask, models, named_taxa
from visgen.prior.permuting import measure_orders, relative_orders
from visgen.prior.posterior import Weights
from visgen.prior.recognition import SCORINGS, mean_recall, recall_by_taxon, scores_of
from visgen.prior.relatives import Relatives
from visgen.prior.scoring import (
    BEYOND_TAXONOMY,
    MAIN,
    NOTHING,
    OVER_TAXA,
    PERMUTED,
    PERMUTED_COLUMNS,
    PERMUTED_WITHIN,
    RIGHT,
    SEEN,
    TAXA_COLUMNS,
    UNSEEN,
    curve_part,
)
from visgen.prior.training import Specimens, joined, keep_some, thin_out
from visgen.prior.unseen import chance_recalls, unseen_by_taxon

#: Part of the table of omissions that stands for all numbers of the learning curve.
CURVE = "curve"
#: Columns of what specimens are called.
NAMED_COLUMNS = ["specimen", "taxon", "n_train", "relatives", "predicted"]
_FOLDS = 5  # of the learning curve
_FEWEST = 10  # taxa in it

#: From taxa to how they covary by each source.
RelativesOf = Callable[[Sequence[str]], Mapping[str, Relatives]]


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

    Raises
    ------
    ValueError, visgen.features.within_covariance.NoSpreadError
        If training has fewer than ten taxa, or no taxon with two specimens.
    """
    kept = thin_out(training, rare, seed)
    few, asked = training.of(kept), joined(others, training.of(~kept))
    here = ask(few, asked, sorted(set(few.taxa)), calibrated=True)
    relatives = relatives_of(here.taxa)
    rows, named, fits = [], [], []
    for name, weights, told in all_weights(here, models(relatives)):
        fits += [{"relatives": name} | told] if told else []
        for scoring in SCORINGS:
            scores = scores_of(here.trial, weights, scoring)
            rows += _rows(SEEN, here, name, scoring, RIGHT, recall_by_taxon(here.trial, scores))
            if scoring == MAIN and not name.endswith(BEYOND_TAXONOMY):
                named += _named(here, name, scores)
    permuted = list(_permuted_seen(here, relatives, above, tail, permutations, study_seed))
    unseen_orders = (permutations, study_seed)
    omitted = []
    try:
        found = _unseen(training, others, relatives_of, above, unseen, unseen_orders, seed)
        rows += found.rows
        permuted += found.permuted
    except ValueError as error:  # fewer taxa are left than are needed
        omitted.append((UNSEEN, str(error)))
    try:
        rows += _curve(training, others, relatives_of, curve, seed)
    except ValueError as error:
        omitted.append((CURVE, str(error)))
    return tables_of(rows, permuted, named, fits, omitted)


def _rows(
    part: str, asked: Asked, name: str, evaluator: str, measure: str, found: np.ndarray
) -> Iterator[tuple]:
    n_train = pd.Series(asked.trial.n_images, asked.taxa)
    n_asked = pd.Series(np.bincount(asked.trial.truth, minlength=len(asked.taxa)), asked.taxa)
    for taxon, value in named_taxa(asked, found).items():
        yield part, n_train[taxon], taxon, name, evaluator, measure, n_asked[taxon], value


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
            orders = relative_orders(asked.taxa, permutations, seed, groups)
            yield from _told(asked, kinds, orders, measure, null, name, SEEN)


def _told(asked, kinds, orders, measure, null: str, name: str, part: str) -> Iterator[tuple]:
    """Yield rows of the table of refits, without values that are not defined."""
    found = measure_orders(asked.evidence, kinds, orders, measure)
    apart = ("pi", "nearest_relative", "scale", "log_likelihood")
    for metric in found.columns.difference(apart, sort=False):
        for number, value in enumerate(found[metric].to_numpy()[1:], start=1):
            if not np.isnan(value):
                yield null, name, number, part, metric, value


class _Found(NamedTuple):
    rows: list[tuple]
    permuted: list[tuple]


def _unseen(
    training: Specimens,
    others: Specimens,
    relatives_of: RelativesOf,
    above: pd.DataFrame,
    share: float,
    permutations: tuple[int, int],
    seed: int,
) -> _Found:
    """Name all specimens of some taxa of which training has none; permutations with their seed."""
    everything = joined(training, others)
    taxa = sorted(set(everything.taxa))
    n_unseen = round(share * len(taxa))
    if not n_unseen:
        return _Found([], [])
    drawn = np.random.default_rng([seed, 13]).choice(taxa, n_unseen, replace=False)
    known = training.of(~np.isin(training.taxa, drawn))
    asked = everything.of(np.isin(everything.taxa, drawn))
    here = ask(known, asked, sorted({*known.taxa, *drawn}))
    of_ranks = {
        rank: pd.factorize(above[rank].reindex(here.taxa))[0] for rank in above.columns[::-1]
    }
    truth = here.trial.truth

    def right(weights: Weights) -> dict[str, np.ndarray]:
        called = scores_of(here.trial, weights, MAIN).argmax(axis=1)
        return unseen_by_taxon(here.trial, weights, MAIN) | {
            rank: _mean_by_taxon(here, (code[called] == code[truth]) & (code[truth] >= 0))
            for rank, code in of_ranks.items()
        }

    def measure(weights: Weights) -> dict[str, float]:
        return {key: float(np.nanmean(one)) for key, one in right(weights).items()}

    blind = {
        key: np.full(len(truth), value)
        for key, value in chance_recalls(n_unseen, len(here.taxa)).items()
    } | {
        rank: ((code[truth][:, None] == code) & (code >= 0)).mean(axis=1)
        for rank, code in of_ranks.items()
    }
    relatives = relatives_of(here.taxa)
    found = {NOTHING: {key: _mean_by_taxon(here, one) for key, one in blind.items()}} | {
        name: right(weights) for name, weights, told in all_weights(here, models(relatives)) if told
    }
    rows = [
        row
        for name, of_name in found.items()
        for key, one in of_name.items()
        for row in _rows(UNSEEN, here, name, MAIN, key, one)
    ]
    permuted = []
    for name, one in relatives.items() if permutations[0] else ():
        orders = relative_orders(here.taxa, *permutations)
        permuted += _told(here, [one], orders, measure, PERMUTED, name, UNSEEN)
    return _Found(rows, permuted)


def _mean_by_taxon(asked: Asked, values: np.ndarray) -> np.ndarray:
    """Return (n_taxa,) means over asked specimens; NaN without any."""
    n = np.bincount(asked.trial.truth, minlength=len(asked.taxa))
    sums = np.bincount(asked.trial.truth, values, minlength=len(asked.taxa))
    return np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)


def _curve(
    training: Specimens,
    others: Specimens,
    relatives_of: RelativesOf,
    curve: Sequence[int],
    seed: int,
) -> Iterator[tuple]:
    """Name specimens of taxa that have few training specimens, while other taxa have all."""
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
                yield from _rows(curve_part(number), here, name, MAIN, RIGHT, right)
