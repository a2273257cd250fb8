"""What the chosen classifier called the photographs of the test part."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from visgen.classification.evaluators import INDEPENDENT
from visgen.classification.predictions import LABELS
from visgen.classification.scores.tempering import temper

#: Columns of what was named.
NAMED_COLUMNS = ["seed", "id", "specimen", "truth", "predicted", "probability"]


class Choice(NamedTuple):
    """Whose names are shown."""

    backbone: str
    rank: str
    classifier: str


def choose(chosen: pd.DataFrame, ranks: Sequence[str]) -> Choice | None:
    """Return the backbone that was best on validation, its finest rank and the classifier there.

    Parameters
    ----------
    chosen
        As `visgen.classification.scores.choosing.choose_classifiers` returns it, and backbone;
        of equal backbones the first counts.
    ranks
        Coarse to fine.

    Returns
    -------
    Choice or None
        None where no classifier could be chosen.
    """
    own = chosen[chosen["evaluator"] == INDEPENDENT]
    if own.empty:
        return None
    on_validation = own.groupby("backbone", sort=False)["value"].mean().fillna(-1)
    own = own[own["backbone"] == on_validation.idxmax()].set_index("rank")
    rank = max(own.index, key=list(ranks).index)
    return Choice(on_validation.idxmax(), rank, own.loc[rank, "variant"])


def named_images(
    predictions: Iterable[tuple[tuple[int, str], pd.DataFrame]], rank: str, specimens: pd.Series
) -> pd.DataFrame:
    """Return what each test photograph was called at a rank, in every split.

    Parameters
    ----------
    predictions
        As `visgen.classification.predictions.iterate_predictions` yields them.
    rank
        Of the names.
    specimens
        Specimen of each image, index id.

    Returns
    -------
    DataFrame
        `NAMED_COLUMNS`; photographs of taxa that were not trained on are left out, as in scores.
        probability is that of the name given, tempered on validation where it has images, to four
        digits.
    """
    found = []
    for (seed, of), table in predictions:
        if of != rank:
            continue
        table, _ = temper(table, specimens)
        odds = table.iloc[:, len(LABELS) :]
        table = table[(table["part"] == "test") & table["truth"].isin(odds.columns)]
        place = odds.columns.get_indexer(table["predicted"])
        own = odds.loc[table.index].to_numpy(np.float64)[range(len(table)), place].round(4)
        found.append(table[["id", "truth", "predicted"]].assign(seed=seed, probability=own))
    if not found:
        return no_names()
    named = pd.concat(found, ignore_index=True)
    return named.assign(specimen=named["id"].map(specimens))[NAMED_COLUMNS]


def no_names() -> pd.DataFrame:
    """Return the table of what was named where nothing was."""
    return pd.DataFrame(columns=NAMED_COLUMNS)


def mistaken(named: pd.DataFrame) -> pd.DataFrame:
    """Return the photographs that were named wrong, the most confident first."""
    wrong = named[named["truth"] != named["predicted"]]
    order = ["probability", "truth", "specimen", "id", "seed"]
    return wrong.sort_values(order, ascending=[False, *[True] * 4], ignore_index=True)
