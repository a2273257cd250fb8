"""Choosing classifiers and backbones on validation, and comparing what was chosen on test."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from visgen.classification.evaluators import ALL_RANKS, CHOSEN, INDEPENDENT, JOINT
from visgen.classification.scores.guessed import Study
from visgen.classification.scores.scoring import compare_guesses
from visgen.metrics import DIFFERENCE, SCORE, of_role

#: What the classifier of a rank is chosen by, on validation.
CHOSEN_BY = "balanced_accuracy"

CHOSEN_COLUMNS = ["rank", "evaluator", "variant", "metric", "value", "n", "note"]


def choose_classifiers(
    scores: pd.DataFrame, ranks: Sequence[str], candidates: Sequence[str]
) -> pd.DataFrame:
    """Choose a classifier for each rank, and one for all, by balanced accuracy on validation.

    Parameters
    ----------
    scores
        Columns of the contract, of one backbone.
    ranks
        Coarse to fine.
    candidates
        Classifiers to choose from; of equals the first. Those that lack a rank or a seed that
        another one has are not chosen: their mean is of other images.

    Returns
    -------
    DataFrame
        Columns rank, evaluator, variant, metric, value (mean over seeds), n (validation
        specimens, the fewest of a seed and rank), note (why there is no value). Ranks without a
        score are left out. The rank ``all`` is that of joint answers (evaluator ``joint``), by
        the mean over the ranks; it is there where two ranks or more have scores.
    """
    own = of_role(scores, SCORE)
    own = own[(own["metric"] == CHOSEN_BY) & own["variant"].isin(candidates)]
    independent, joint = (own[own["evaluator"] == name] for name in (INDEPENDENT, JOINT))
    tables = [(rank, INDEPENDENT, independent[independent["rank"] == rank]) for rank in ranks]
    tables.append((ALL_RANKS, JOINT, joint))
    rows = []
    for rank, evaluator, table in tables:
        if table.empty:
            continue
        val = table[table["part"] == "val"].dropna(subset="value")
        if val.empty:
            note = "no validation image to choose by: the first classifier is taken"
            first = next(name for name in candidates if (table["variant"] == name).any())
            rows.append((rank, evaluator, first, CHOSEN_BY, np.nan, 0, note))
            continue
        n_values = val.groupby("variant")["value"].transform("size")
        val = val[n_values == n_values.max()]
        by_rank = val.groupby(["variant", "rank"])["value"].mean()
        mean = by_rank.groupby("variant").mean().reindex(candidates)
        best = mean.idxmax()
        n = int(val.loc[val["variant"] == best, "n"].min())
        rows.append((rank, evaluator, best, CHOSEN_BY, mean[best], n, ""))
    return pd.DataFrame(rows, columns=CHOSEN_COLUMNS)


def compare_backbones(
    chosen: pd.DataFrame,
    found: Mapping[tuple[str, str], Mapping[tuple[int, str], pd.DataFrame]],
    study: Study,
    *,
    bootstraps: int,
) -> list[dict]:
    """Set each backbone's chosen classifier against the one that validation puts first.

    Parameters
    ----------
    chosen
        Columns backbone, rank, variant, value (on validation): a row a backbone and rank.
    found
        By (backbone, classifier): guesses by (seed, rank).
    bootstraps
        Samples of specimens behind each interval.

    Returns
    -------
    list of dict
        backbone, variant, evaluator (``chosen``), part (``test``), rank, seed, metric, role,
        against (the best backbone), value, ci_low, ci_high, n: paired differences. Of equals on
        validation the first backbone is the best.
    """
    rows = []
    for rank in [rank for rank in study.ranks if rank in set(chosen["rank"])]:
        here = chosen[chosen["rank"] == rank].set_index("backbone")
        best = here["value"].fillna(-np.inf).idxmax()
        picked = {name: found[name, here.loc[name, "variant"]] for name in here.index}
        keys = {key for tables in picked.values() for key in tables}
        for seed in sorted(seed for seed, of in keys if of == rank):
            variants = {
                name: tables[seed, rank]
                for name, tables in picked.items()
                if (seed, rank) in tables
            }
            pairs = [(name, best) for name in variants if name != best and best in variants]
            _, differences = compare_guesses(
                variants, study, "test", rank, seed, pairs=pairs, bootstraps=bootstraps
            )
            for (name, _), found_rows in differences.items():
                labels = {
                    "backbone": name,
                    "variant": here.loc[name, "variant"],
                    "evaluator": CHOSEN,
                    "role": DIFFERENCE,
                    "against": best,
                    "part": "test",
                    "rank": rank,
                    "seed": seed,
                }
                rows += [labels | row for row in found_rows]
    return rows
