"""What is fitted at once is scored in several deals of taxa to folds, and its gains rest on all.

Who is held out with whom is chance, and a gain over unguided vectors varies with it. Variants
that are trained step by step have one deal, the first: each further one would be a training.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from visgen.embedding.held_out.files import PERMUTED_COLUMNS
from visgen.embedding.held_out.scoring import Fold, score_folds

#: In the place of a null in the tables of refits: true fits in another deal. It is none.
OTHER_DEAL = "other_deal"
#: What the name of a metric ends in where a row is of all deals.
OVER_DEALS = "_over_deals"


def score_deals(
    deals: Iterable[tuple[int, pd.DataFrame]],
    fit: Callable[[pd.DataFrame], Mapping[str, Sequence[Fold]]],
) -> pd.DataFrame:
    """Score true fits in further deals.

    Parameters
    ----------
    deals
        Numbers and folds, as `visgen.embedding.further_deals.each_deal` yields them.
    fit
        From the folds of a deal to distances with each one held out, by kind.

    Returns
    -------
    DataFrame
        Columns `PERMUTED_COLUMNS`: null `OTHER_DEAL`, permutation is the number of the deal, every
        score of `visgen.embedding.held_out.scoring.score_folds`.
    """
    rows = [
        (OTHER_DEAL, number, kind, part, metric, value)
        for number, folds in deals
        for kind, fitted in fit(folds).items()
        for (part, metric), value in score_folds(fitted).items()
    ]
    return pd.DataFrame(rows, columns=PERMUTED_COLUMNS)


def further_gains(own: pd.DataFrame, reference: pd.DataFrame, key: tuple[str, str]) -> np.ndarray:
    """Return the gains of further deals in which both have a score, (n_deals,).

    Parameters
    ----------
    own, reference
        Of one kind of held-out taxa: columns null, permutation, part, metric, value.
    key
        Part and metric.
    """
    ours, theirs = (_scores(table, key) for table in (own, reference))
    return (ours - theirs).dropna().to_numpy(float)


def gain_rows(row: dict, further: np.ndarray) -> list[dict]:
    """Return the mean of a gain over all deals, and beside it its range over them.

    Parameters
    ----------
    row
        The gain in the first deal: metric, value, ci_low, ci_high and others.
    further
        Those in further deals, (n_deals,).

    Returns
    -------
    list of dict
        The row with the mean over deals; and where there are several, one of which the metric ends
        in `OVER_DEALS`: value is the gain in the first deal, ci_low and ci_high are the least and
        the largest of all, n_permutations is how many. Where the first deal has no gain, its row
        alone.

    Notes
    -----
    The interval is as wide as it was, about the mean: that of one deal. A mean over deals varies no
    more than single ones do on average, so that it is wide enough rather than too narrow.
    """
    gains = np.array([row["value"], *further])
    if np.isnan(gains[0]) or len(gains) == 1:
        return [row]
    shift = float(gains.mean() - gains[0])
    mean = row | {name: row[name] + shift for name in ("value", "ci_low", "ci_high")}
    over = row | {"metric": row["metric"] + OVER_DEALS, "n_permutations": len(gains)}
    return [mean, over | {"ci_low": float(gains.min()), "ci_high": float(gains.max())}]


def _scores(table: pd.DataFrame, key: tuple[str, str]) -> pd.Series:
    """Return one score in further deals, index number of the deal."""
    part, metric = key
    here = (table["null"] == OTHER_DEAL) & (table["part"] == part) & (table["metric"] == metric)
    return table[here].set_index("permutation")["value"]
