import numpy as np
import pandas as pd
import pytest
from skbio.stats.distance import DistanceMatrix
from visgen.distances.matrices import tidy
from visgen.embedding.guidance.in_sample import in_sample_r, in_sample_rows
from visgen.metrics import metrics_table

NAMES = [f"Taxon {i}" for i in range(7)]


def genetic():
    return DistanceMatrix(tidy(np.random.default_rng(3).random((7, 7))), NAMES)


def test_r_of_what_was_fitted_is_over_the_taxa_with_vectors():
    visual = DistanceMatrix(genetic().filter(NAMES[:5]).data * 3, NAMES[:5])
    assert in_sample_r(genetic(), visual) == pytest.approx(1)


@pytest.mark.filterwarnings("error")
def test_equal_distances_have_no_r():
    star = DistanceMatrix(genetic().data * 1e-15 + 0.3 * (1 - np.eye(7)), NAMES)
    assert np.isnan(in_sample_r(star, genetic()))
    assert np.isnan(in_sample_r(genetic(), star))
    nothing = DistanceMatrix(np.zeros((7, 7)), NAMES)
    assert np.isnan(in_sample_r(nothing, genetic()))


def test_what_a_fit_reaches_is_a_score_without_a_test():
    fit = {"n_known": 17, "n_watched": 3, "loss": 0.2, "loss_of_constant": 0.5, "pearson": 0.9}
    table = metrics_table(in_sample_rows(pd.DataFrame([fit])))
    assert set(table["evaluator"]) == {"in_sample"} and table["p"].isna().all()
    columns = ["metric", "role", "against", "value", "n"]
    assert table[columns].astype(object).where(
        table[columns].notna(), None
    ).to_numpy().tolist() == [
        ["pearson", "score", None, 0.9, 17],
        ["loss", "score", None, 0.2, 14],
        ["loss", "expected", "best_constant", 0.5, 14],
    ]


def test_a_fit_without_a_loss_has_its_r_alone():
    rows = in_sample_rows(pd.DataFrame([{"n_known": 17, "pearson": 0.9, "power": 2}]))
    assert [(row["metric"], row["value"], row["n"]) for row in rows] == [("pearson", 0.9, 17)]
