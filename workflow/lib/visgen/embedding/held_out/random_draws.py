"""Scores of random vectors on held-out taxa: of several draws, since one alone would say little.

The further draws are the refits of the first: its vectors, which know nothing of the taxa, change
places among them.
"""

import pandas as pd

from visgen.embedding.held_out.rows import blind_rows
from visgen.embedding.held_out.scoring import PERMUTED_BAGS, Fold, nearest_known, score_folds


def random_rows(kind: str, folds: list[Fold], permuted: pd.DataFrame) -> list[dict]:
    """Score random vectors over the held-out taxa of one kind.

    Parameters
    ----------
    kind
        ``tips`` or ``clades``.
    folds
        Of the first draw.
    permuted
        Columns null, part, metric, value: scores of its refits, as
        `visgen.embedding.held_out.refits.refit_nulls` makes them.

    Returns
    -------
    list of dict
        Evaluator ``held_out_<kind>``, part, metric, value, n (taxa), and where they exist role,
        against, ci_low, ci_high, n_permutations (draws): of each score of
        `visgen.embedding.held_out.scoring.METRICS` the mean over draws and the range of 95 % of
        them, none of one draw; there is no test. The null ``random_relative`` as in
        `visgen.embedding.held_out.rows.held_out_rows`.
    """
    shared = {"evaluator": f"held_out_{kind}", "n": len(folds[0].held_out)}
    further = permuted[permuted["null"] == PERMUTED_BAGS]
    rows = []
    for (part, metric), value in score_folds(folds).items():
        of_this = further[(further["part"] == part) & (further["metric"] == metric)]
        draws = pd.Series([value, *of_this["value"]])
        row = {"part": part, "metric": metric, "value": draws.mean(), "n_permutations": len(draws)}
        if draws.count() > 1:
            row |= {"ci_low": draws.quantile(0.025), "ci_high": draws.quantile(0.975)}
        rows.append(shared | row)
    nearest = pd.concat([nearest_known(fold) for fold in folds])
    return rows + [shared | row for row in blind_rows(nearest)]
