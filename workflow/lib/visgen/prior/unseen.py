"""Taxa without any image, named by their place among relatives alone."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.prior.asking import Asked, RelativesOf, all_weights, ask, models, refit_rows, rows_of
from visgen.prior.permuting import relative_orders
from visgen.prior.posterior import Weights
from visgen.prior.recognition import COSINE, Trial, mean_recall, recall_by_taxon, scores_of
from visgen.prior.scoring import MAIN, NOTHING, PERMUTED, UNSEEN
from visgen.prior.training import Specimens, joined

FIRST = 5


def unseen_recalls(trial: Trial, weights: Weights, scoring: str = COSINE) -> dict[str, float]:
    """Return how often specimens of taxa without images are named right, a mean over these taxa.

    Parameters
    ----------
    trial
        With specimens of taxa without training images; what others it has is left out.
    weights
        Of its taxa.
    scoring
        ``cosine``: the look that relatives foretell is as good as any. ``balanced``: it is known
        to be vague, so that what looks like no known taxon is named after an unseen one; how many
        specimens of known taxa that costs, `visgen.prior.recognition.recalls` says.

    Returns
    -------
    dict
        among_unseen: the true taxon has the largest score of those without images; among_all: of
        all; first_five: one of the five largest of all. NaN without such specimens.
    """
    unseen = trial.n_images == 0
    found = unseen_by_taxon(trial, weights, scoring)
    return {key: mean_recall(of_taxa, unseen) for key, of_taxa in found.items()}


def unseen_by_taxon(trial: Trial, weights: Weights, scoring: str) -> dict[str, np.ndarray]:
    """Return the same of each taxon, (n_taxa,); NaN of those without specimens."""
    unseen = trial.n_images == 0
    scores = scores_of(trial, weights, scoring)
    others = np.where(unseen, scores, -np.inf)
    return {
        "among_unseen": recall_by_taxon(trial, others),
        "among_all": recall_by_taxon(trial, scores),
        "first_five": recall_by_taxon(trial, scores, FIRST),
    }


def chance_recalls(n_unseen: int, n_taxa: int) -> dict[str, float]:
    """Return what naming at random gives, with the keys of `unseen_recalls`."""
    first = min(FIRST, n_taxa)
    return {"among_unseen": 1 / n_unseen, "among_all": 1 / n_taxa, "first_five": first / n_taxa}


class Found(NamedTuple):
    """Rows of the table of taxa, and of that of refits, both without seed."""

    rows: list[tuple]
    permuted: list[tuple]


def name_unseen(
    training: Specimens,
    others: Specimens,
    relatives_of: RelativesOf,
    above: pd.DataFrame,
    share: float,
    permutations: tuple[int, int],
    seed: int,
) -> Found:
    """Name all specimens of some taxa of which training has none, by their place alone.

    Parameters
    ----------
    training, others, relatives_of, above, seed
        As in `visgen.prior.seed.ask_seed`.
    share
        Of the taxa.
    permutations
        How many, and their seed.

    Raises
    ------
    ValueError
        If too few taxa are left.
    """
    everything = joined(training, others)
    taxa = sorted(set(everything.taxa))
    n_unseen = round(share * len(taxa))
    if not n_unseen:
        return Found([], [])
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
            rank: np.where(code < 0, np.nan, mean_by_taxon(here, code[called] == code[truth]))
            for rank, code in of_ranks.items()
        }

    def measure(weights: Weights) -> dict[str, float]:
        of_taxa = {key: one[~np.isnan(one)] for key, one in right(weights).items()}
        return {key: float(one.mean()) for key, one in of_taxa.items() if len(one)}

    blind = {
        key: np.full(len(truth), value)
        for key, value in chance_recalls(n_unseen, len(here.taxa)).items()
    } | {
        rank: np.where(code[truth] < 0, np.nan, (code[truth][:, None] == code).mean(axis=1))
        for rank, code in of_ranks.items()
    }
    relatives = relatives_of(here.taxa)
    found = {NOTHING: {key: mean_by_taxon(here, one) for key, one in blind.items()}} | {
        name: right(weights) for name, weights, told in all_weights(here, models(relatives)) if told
    }
    rows = [
        row
        for name, of_name in found.items()
        for key, one in of_name.items()
        for row in rows_of(UNSEEN, here, name, MAIN, key, one)
    ]
    permuted = []
    for name, one in relatives.items() if permutations[0] else ():
        orders = relative_orders(here.taxa, *permutations, everyone=above.index)
        permuted += refit_rows(here, [one], orders, measure, PERMUTED, name, UNSEEN)
    return Found(rows, permuted)


def mean_by_taxon(asked: Asked, values: np.ndarray) -> np.ndarray:
    """Return (n_taxa,) means of (n,) numbers over asked specimens; NaN without any."""
    n = np.bincount(asked.trial.truth, minlength=len(asked.taxa))
    sums = np.bincount(asked.trial.truth, values, minlength=len(asked.taxa))
    return np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)
