"""Published numbers that are no agreement, beside the same numbers of a run."""

import numpy as np
import pandas as pd
import pytest
from random_distances import random_matrix
from visgen.distances.matrices import write_distances
from visgen.report.embedding.as_published import as_published_content, as_published_rows
from visgen.tables import write_table

PUBLISHED = pd.DataFrame(
    [
        ("Roy 2025", "family", "roy", "pearson_with_diagonal", 0.4032, "with the diagonal"),
        ("Roy 2025", "family", "roy", "loss", 0.7451, np.nan),
        ("Roy 2025", "family", "roy", "loss_before", 1.1946, np.nan),
        ("Hofmann", "family", "hofmann", "weighted_error_r", 0.78, np.nan),
        ("Roy 2025", "order", "forest", "accuracy", 0.35, np.nan),
    ],
    columns=["source", "rank", "variant", "metric", "value", "note"],
)
FIT = {"loss_before": 1.31, "loss": 0.62, "loss_of_zero": 0.231, "loss_of_constant": 0.173}


@pytest.fixture
def tables(tmp_path):
    """What a run of two backbones leaves: six taxa, one of them without images."""
    genetic = random_matrix(7, 1)
    write_distances(tmp_path / "genetic.tsv", genetic)
    write_table(tmp_path / "published.tsv", PUBLISHED)
    fits, visual = [], []
    for backbone in ("convnext", "swav"):
        for variant in ("roy", "hofmann", "other"):
            folder = tmp_path / backbone / variant
            folder.mkdir(parents=True)
            write_table(folder / "fit.tsv", pd.DataFrame([FIT]))
            matrix = random_matrix(7, len(backbone))
            write_distances(folder / "distances.tsv", matrix.filter(matrix.ids[1:]))
            fits.append(folder / "fit.tsv")
            visual.append(folder / "distances.tsv")
    return {
        "published": [tmp_path / "published.tsv"],
        "published_against": [tmp_path / "genetic.tsv"],
        "fits": fits,
        "guided_distances": visual,
    }


def by_metric(tables):
    rows = as_published_content(tables, seed=1)["as_published_rows"]
    return dict(zip(PUBLISHED["metric"], rows, strict=False))


def test_r_with_the_diagonal_stands_beside_r_without_it(tables):
    row = by_metric(tables)["pearson_with_diagonal"]
    assert (row["value"], row["note"]) == ("0.4032", "with the diagonal")
    assert [backbone for backbone, _ in row["here"]] == ["convnext", "swav"]
    genetic, visual = (random_matrix(7, seed).data[1:, 1:] for seed in (1, len("swav")))
    with_it, without = (
        np.corrcoef(genetic[np.triu_indices(6, k)], visual[np.triu_indices(6, k)])[0, 1]
        for k in (0, 1)
    )
    cell = row["here"][1][1]
    assert cell["value"].replace("−", "-") == f"{with_it:.3f}"
    assert [line.replace("−", "-") for line in cell["lines"]] == [f"without them {without:.3f}"]
    assert float(row["random"]["value"]) > 0.4  # six perfect pairs among 21


def test_losses_stand_beside_those_of_constants(tables):
    rows = by_metric(tables)
    for metric in ("loss", "loss_before"):
        assert rows[metric]["here"][0][1]["value"] == f"{FIT[metric]:.3f}"
        assert rows[metric]["here"][0][1]["lines"] == ["always 0 0.231", "best constant 0.173"]
        assert rows[metric]["random"] is None and rows[metric]["note"] == ""


def test_the_weighted_error_stands_beside_that_of_random_vectors(tables):
    row = by_metric(tables)["weighted_error_r"]
    assert len(row["here"]) == 2 and float(row["random"]["value"]) > 0.4
    assert " to " in row["random"]["interval"]


def test_scores_of_classification_have_no_row_there(tables):
    assert len(as_published_content(tables, seed=1)["as_published_rows"]) == 4


def test_without_a_fit_the_published_number_stands_alone():
    fits = {("net", "roy"): pd.DataFrame([]), ("net", "other"): pd.DataFrame([FIT])}
    (row,) = as_published_rows(PUBLISHED[:1], random_matrix(3, 1), {}, fits, seed=1)
    assert (row["here"], row["random"]) == ([], None)


def test_nothing_is_told_where_nothing_was_published():
    assert as_published_content({"published": []}, seed=1) == {"as_published_rows": []}
