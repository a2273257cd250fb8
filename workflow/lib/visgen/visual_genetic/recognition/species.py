"""How often every species is recognised, beside its number of training images."""

from collections.abc import Mapping

import pandas as pd

from visgen.shares import per_taxon
from visgen.visual_genetic.recognition.runs import Found

TAXA_COLUMNS = [
    *("variant", "seed", "evaluator", "taxon", "n_train", "n_test_images", "n_test_specimens"),
    *("accuracy", "ci_low", "ci_high"),
]


def tabulate_species(
    found: Found, specimens: pd.DataFrame, n_train: Mapping[int, pd.Series]
) -> pd.DataFrame:
    """Return how often each taxon is recognised on the test part.

    Parameters
    ----------
    found, specimens, n_train
        As in `visgen.visual_genetic.recognition.scoring.score_recognition`.

    Returns
    -------
    DataFrame
        `TAXA_COLUMNS`; accuracy is over images, its limits are Wilson's for the share of
        specimens, NaN where a taxon has none in the test part.
    """
    rows = []
    for run, table in found.real.items():
        for evaluator, test in table[table["part"] == "test"].groupby("evaluator"):
            of_images = specimens.loc[test["id"], "specimen"]
            labels = {"variant": run.variant, "seed": run.seed, "evaluator": evaluator}
            rows += [labels | row for row in per_taxon(test, of_images, n_train[run.seed])]
    names = {"n_test": "n_test_images", "n_specimens": "n_test_specimens", "recall": "accuracy"}
    names |= {"recall_low": "ci_low", "recall_high": "ci_high"}
    return pd.DataFrame(rows).rename(columns=names).reindex(columns=TAXA_COLUMNS)
