"""All that one split tells of relatives: taxa with specimens, without any, and in between."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.asking import (
    Asked,
    ask,
    by_taxon,
    fit_weights,
    models,
    right_by_taxon,
    true_scores,
)
from visgen.prior.calibrating import fit_temperature
from visgen.prior.permuting import measure_orders, relative_orders
from visgen.prior.posterior import Weights, cosine_scores, credit, plain_weights
from visgen.prior.recognition import COSINE, SCORINGS, Trial, scores_of
from visgen.prior.relatives import Relatives
from visgen.prior.scoring import (
    BEYOND_TAXONOMY,
    NOTHING,
    OVER_TAXA,
    PERMUTED_COLUMNS,
    RIGHT,
    SEEN,
    TAXA_COLUMNS,
    UNSEEN,
    curve_part,
)
from visgen.prior.training import Specimens, keep_some, thin_out
from visgen.prior.unseen import FIRST

#: Null: relatives are dealt to other taxa; with a rank, within its groups only.
PERMUTED = "permuted_taxa"
_FOLDS = 5  # of the learning curve
_FEWEST = 10  # taxa in it

FIT_COLUMNS = ["relatives", "own_share", "variance", "scale", "log_likelihood_gain"]
FIT_COLUMNS += ["nearest_relative", "n_filled", "clipped"]

#: From taxa to how they covary by each source.
RelativesOf = Callable[[Sequence[str]], Mapping[str, Relatives]]


class Tables(NamedTuple):
    """What a split tells.

    Attributes
    ----------
    taxa
        Columns `visgen.prior.scoring.TAXA_COLUMNS`.
    permuted
        Columns `visgen.prior.scoring.PERMUTED_COLUMNS`.
    predictions
        specimen, taxon, n_train, relatives, predicted: by cosine, of taxa with training specimens.
    fits
        relatives, and what `visgen.prior.asking.fit_weights` tells of each.
    omitted
        reason, why there is nothing; no row where there is.
    """

    taxa: pd.DataFrame
    permuted: pd.DataFrame
    predictions: pd.DataFrame
    fits: pd.DataFrame
    omitted: pd.DataFrame


def ask_seed(
    training: Specimens,
    asked: Specimens,
    relatives_of: RelativesOf,
    above: pd.DataFrame,
    *,
    rare: float,
    tail: int,
    curve: Sequence[int],
    unseen: float,
    permutations: int,
    seed: int,
) -> Tables:
    """Name specimens by their own taxon's looks, and by its relatives.

    Parameters
    ----------
    training, asked
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
    seed
        Of all draws.

    Raises
    ------
    ValueError, visgen.features.within_covariance.NoSpreadError
        If training has fewer than ten taxa, or no taxon with two specimens.
    """
    kept = thin_out(training, rare, seed)
    few = training.of(kept)
    more = _joined(asked, training.of(~kept))
    candidates = sorted(set(few.taxa))
    here = ask(few, more.of(np.isin(more.taxa, candidates)), candidates)
    relatives = relatives_of(candidates)
    trial = Trial(here.products, here.truth, here.n_train, fit_temperature(few.x, few.taxa))
    rows, fits, named = [], [], []
    specimens = more.names[np.isin(more.taxa, candidates)]
    for name, weights in _all_weights(here, models(relatives), fits):
        for scoring in SCORINGS:
            scores = scores_of(trial, weights, scoring)
            rows += _rows(SEEN, here, name, scoring, {RIGHT: right_by_taxon(here, scores)})
            if scoring == COSINE and not name.endswith(BEYOND_TAXONOMY):
                named.append(_named(here, name, specimens, scores))
    permuted = list(_permuted_seen(here, trial, relatives, above, tail, permutations, seed))
    for table, more_permuted in (
        _unseen(training, asked, relatives_of, above, unseen, permutations, seed),
        (_curve(training, asked, relatives_of, curve, seed), []),
    ):
        rows += table
        permuted += more_permuted
    return Tables(
        pd.DataFrame(rows, columns=TAXA_COLUMNS[1:]),
        pd.DataFrame(permuted, columns=PERMUTED_COLUMNS[1:]),
        pd.concat(named, ignore_index=True),
        pd.DataFrame(fits, columns=FIT_COLUMNS),
        pd.DataFrame(columns=["reason"]),
    )


def no_tables(reason: str) -> Tables:
    """Return tables of a split that tells nothing, and why."""
    return Tables(
        pd.DataFrame(columns=TAXA_COLUMNS[1:]),
        pd.DataFrame(columns=PERMUTED_COLUMNS[1:]),
        pd.DataFrame(columns=["specimen", "taxon", "n_train", "relatives", "predicted"]),
        pd.DataFrame(columns=FIT_COLUMNS),
        pd.DataFrame({"reason": [reason]}),
    )


def _joined(one: Specimens, other: Specimens) -> Specimens:
    return Specimens(*(np.concatenate(pair) for pair in zip(one, other, strict=True)))


def _all_weights(
    asked: Asked,
    fitted: Mapping[str, Sequence[Relatives]],
    fits: list[dict[str, Any]] | None = None,
) -> Iterator[tuple[str, Weights]]:
    """Yield the weights of taxa without relatives, where all have specimens, and of every model."""
    if asked.n_train.all():
        yield NOTHING, plain_weights(asked.evidence.n_images)
    first = {}
    for name, kinds in fitted.items():
        fit, weights, told = fit_weights(asked, kinds, first.get(kinds[0].name))
        if len(kinds) == 1:
            first[name] = fit
        if fits is not None:
            fits.append({"relatives": name} | told)
        yield name, weights


def _rows(
    part: str, asked: Asked, name: str, evaluator: str, measures: Mapping[str, pd.Series]
) -> Iterator[tuple]:
    n_train = pd.Series(asked.n_train, asked.taxa)
    n_asked = pd.Series(np.bincount(asked.truth, minlength=len(asked.taxa)), asked.taxa)
    for measure, values in measures.items():
        for taxon, value in values.items():
            yield part, n_train[taxon], taxon, name, evaluator, measure, n_asked[taxon], value


def _named(asked: Asked, name: str, specimens: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    taxa = np.array(asked.taxa, dtype=object)
    return pd.DataFrame(
        {
            "specimen": specimens,
            "taxon": taxa[asked.truth],
            "n_train": asked.n_train[asked.truth],
            "relatives": name,
            "predicted": taxa[scores.argmax(axis=1)],
        }
    )


def _permuted_seen(
    asked: Asked,
    trial: Trial,
    relatives: Mapping[str, Relatives],
    above: pd.DataFrame,
    tail: int,
    permutations: int,
    seed: int,
) -> Iterator[tuple]:
    """Yield what each model scores where its last relatives are dealt to other taxa."""
    if not permutations:
        return
    is_rare = asked.n_train < tail

    def measure(weights: Weights) -> dict[str, float]:
        right = right_by_taxon(asked, scores_of(trial, weights, COSINE))
        rare = pd.Series(is_rare, asked.taxa)[right.index].to_numpy()
        parts = zip(OVER_TAXA, (right, right[rare], right[~rare]), strict=True)
        return {metric: float(values.mean()) for metric, values in parts if len(values)}

    for name, kinds in models(relatives).items():
        nulls = {PERMUTED: None}
        if name.endswith(BEYOND_TAXONOMY):
            nulls |= {f"permuted_within_{rank}": above[rank] for rank in above.columns[-2:]}
        for null, groups in nulls.items():
            if groups is not None and not groups.reindex(asked.taxa).duplicated().any():
                continue  # nothing to permute
            orders = relative_orders(asked.taxa, permutations, seed, groups)
            yield from _told(
                measure_orders(asked.evidence, kinds, orders, measure), null, name, SEEN
            )


def _told(found: pd.DataFrame, null: str, name: str, part: str) -> Iterator[tuple]:
    apart = ("pi", "nearest_relative", "scale", "log_likelihood")
    for metric in found.columns.difference(apart, sort=False):
        for number, value in enumerate(found[metric].to_numpy()[1:], start=1):
            yield null, name, number, part, metric, value


def _unseen(
    training: Specimens,
    asked: Specimens,
    relatives_of: RelativesOf,
    above: pd.DataFrame,
    share: float,
    permutations: int,
    seed: int,
) -> tuple[list[tuple], list[tuple]]:
    """Name all specimens of some taxa of which training has none."""
    everything = _joined(training, asked)
    taxa = sorted(set(everything.taxa))
    n_unseen = round(share * len(taxa))
    if not n_unseen:
        return [], []
    drawn = np.random.default_rng([seed, 13]).choice(taxa, n_unseen, replace=False)
    known = training.of(~np.isin(training.taxa, drawn))
    candidates = sorted({*known.taxa, *drawn})
    here = ask(known, everything.of(np.isin(everything.taxa, drawn)), candidates)
    places = np.flatnonzero(np.isin(candidates, drawn))
    of_ranks = {rank: pd.factorize(above[rank].reindex(candidates))[0] for rank in above}

    def credits(weights: Weights) -> dict[str, np.ndarray]:
        scores = cosine_scores(here.products, weights)
        true = true_scores(here, scores)
        found = {
            "first_of_unseen": credit(scores[:, places], true),
            "first_of_all": credit(scores, true),
            "five_of_all": credit(scores, true, FIRST),
        }
        named = scores.argmax(axis=1)
        return found | {
            rank: ((code[named] == code[here.truth]) & (code[here.truth] >= 0)).astype(float)
            for rank, code in reversed(of_ranks.items())
        }

    n = len(candidates)
    chance = {"first_of_unseen": 1 / n_unseen, "first_of_all": 1 / n, "five_of_all": FIRST / n}
    blind = {key: np.full(len(here.truth), value) for key, value in chance.items()}
    for rank, code in reversed(of_ranks.items()):
        alike = (code[here.truth][:, None] == code) & (code >= 0)
        blind[rank] = alike.mean(axis=1)
    relatives = relatives_of(candidates)
    of_models = {NOTHING: blind} | {
        name: credits(weights) for name, weights in _all_weights(here, models(relatives))
    }
    rows = [
        row
        for name, found in of_models.items()
        for row in _rows(
            UNSEEN, here, name, COSINE, {key: by_taxon(here, one) for key, one in found.items()}
        )
    ]

    def measure(weights: Weights) -> dict[str, float]:
        return {key: float(by_taxon(here, one).mean()) for key, one in credits(weights).items()}

    permuted = []
    for name, one in relatives.items() if permutations else ():
        orders = relative_orders(candidates, permutations, seed)
        found = measure_orders(here.evidence, [one], orders, measure)
        permuted += _told(found, PERMUTED, name, UNSEEN)
    return rows, permuted


def _curve(
    training: Specimens,
    asked: Specimens,
    relatives_of: RelativesOf,
    curve: Sequence[int],
    seed: int,
) -> list[tuple]:
    """Name specimens of taxa that have few training specimens, while the others have all."""
    n_train = pd.Series(training.taxa).value_counts()
    n_train = n_train[n_train.index.isin(asked.taxa)]
    numbers = [n for n in sorted(curve) if (n_train >= n).sum() >= _FEWEST]
    if not numbers or not numbers[-1]:
        return []
    taxa = np.array(sorted(n_train.index[n_train >= numbers[-1]]), dtype=object)
    dealt = np.random.default_rng([seed, 14]).permutation(len(taxa)) % _FOLDS
    candidates = sorted(set(training.taxa))
    alone = {source: [one] for source, one in relatives_of(candidates).items()}
    rows = []
    for fold in range(_FOLDS):
        focal = taxa[dealt == fold]
        of_focal = asked.of(np.isin(asked.taxa, focal))
        for number in numbers:
            here = ask(training.of(keep_some(training, focal, number, seed)), of_focal, candidates)
            found = {
                name: right_by_taxon(here, cosine_scores(here.products, weights))
                for name, weights in _all_weights(here, alone)
            }
            if not number:
                blind = np.full(len(here.truth), 1 / len(candidates))
                found = {NOTHING: by_taxon(here, blind)} | found
            for name, right in found.items():
                rows += _rows(curve_part(number), here, name, COSINE, {RIGHT: right})
    return rows
