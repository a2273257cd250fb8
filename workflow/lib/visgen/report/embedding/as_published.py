"""Published numbers on look and descent that are no agreement, beside the same numbers of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.distances.as_published import of_random_vectors, weighted_error_r, with_diagonal_r
from visgen.distances.matrices import load_distances
from visgen.embedding.guidance.in_sample import in_sample_r
from visgen.report.page import format_number
from visgen.scikit_bio import DistanceMatrix
from visgen.tables import read_table

#: Measures of two matrices, by the metric of a published row.
_MEASURES = {"pearson_with_diagonal": with_diagonal_r, "weighted_error_r": weighted_error_r}
_WORDS = {
    "pearson_with_diagonal": "Pearson's r, each taxon with itself among the pairs",
    "weighted_error_r": "r of g with |g − v| g",
    "loss_before": "loss at the start",
    "loss": "loss at the end",
}
#: Metrics of published rows that this table has.
AS_PUBLISHED = tuple(_WORDS)


def as_published_content(tables: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the rows of the page's table, none where nothing of it was published.

    Parameters
    ----------
    tables
        Paths: published (none or one), fits (``<backbone>/<variant>/fit.tsv``), and where
        something is published published_against (one, phylogenetic distances) and
        guided_distances (``<backbone>/<variant>/distances.tsv``).
    seed
        Of random vectors.
    """
    rows = []
    for path in tables["published"]:
        published = read_table(path)
        published = published[published["metric"].isin(AS_PUBLISHED)]
        if published.empty:
            continue
        named = set(published["variant"])
        fits = {_place(file): read_table(file) for file in tables["fits"]}
        visual = {
            _place(file): load_distances(file)
            for file in tables["guided_distances"]
            if _place(file)[1] in named
        }
        (genetic,) = map(load_distances, tables["published_against"])
        rows += as_published_rows(published, genetic, visual, fits, seed=seed)
    return {"as_published_rows": rows}


def as_published_rows(
    published: pd.DataFrame,
    genetic: DistanceMatrix,
    visual: Mapping[tuple[str, str], DistanceMatrix],
    fits: Mapping[tuple[str, str], pd.DataFrame],
    *,
    seed: int,
) -> list[dict[str, Any]]:
    """Return each published number beside those of this study, by backbone, and what nothing gives.

    Parameters
    ----------
    published
        Columns source, rank, variant, metric (one of `AS_PUBLISHED`), value, note.
    genetic
        Distances of the taxa of `visual`, at least.
    visual
        By backbone and variant: distances of vectors that were fitted to `genetic`; a variant
        without taxa enough to be fitted has none.
    fits
        By backbone and variant: as `visgen.embedding.guidance.fitting.summarise` returns it, as a
        row, or no row.
    seed
        Of random vectors.

    Returns
    -------
    list of dict
        source, rank, variant, metric (in words), value (text), note, here (pairs of backbone and
        cell: value, interval (none), lines of small print) and random (cell of what random
        vectors give; None for a loss).
    """
    rows = []
    for row in published.fillna({"note": ""}).to_dict("records"):
        metric = row["metric"]
        here, random = [], None
        for (backbone, variant), fit in fits.items():
            if variant == row["variant"] and len(fit):
                of_fit = fit.iloc[0].to_dict()
                made = visual[backbone, variant]
                its = genetic.filter(made.ids)
                if metric in _MEASURES and random is None:
                    random = _random(its, metric, seed)
                here.append((backbone, _here(metric, its, made, of_fit)))
        rows.append(
            row
            | {"metric": _WORDS[metric], "value": f"{row['value']:g}"}
            | {"here": here, "random": random}
        )
    return rows


def _here(
    metric: str, genetic: DistanceMatrix, visual: DistanceMatrix, fit: Mapping[str, float]
) -> dict[str, Any]:
    """Return the cell of this study's number, and what it is to be read beside."""
    match metric:
        case "pearson_with_diagonal":
            value = with_diagonal_r(genetic, visual)
            lines = [f"without them {format_number(in_sample_r(genetic, visual))}"]
        case "weighted_error_r":
            value, lines = weighted_error_r(genetic, visual), []
        case loss:
            value = fit[loss]
            lines = [
                f"{name} {format_number(fit[key])}"
                for name, key in (
                    ("always 0", "loss_of_zero"),
                    ("best constant", "loss_of_constant"),
                )
            ]
    return {"value": format_number(value), "interval": "", "lines": lines}


def _random(genetic: DistanceMatrix, metric: str, seed: int) -> dict[str, Any]:
    mean, low, high = of_random_vectors(genetic, _MEASURES[metric], seed=seed)
    interval = f"{format_number(low)} to {format_number(high)}"
    return {"value": format_number(mean), "interval": interval}


def _place(path: str | Path) -> tuple[str, str]:
    """Return the backbone and the variant that a file belongs to."""
    folder = Path(path).parent
    return folder.parent.name, folder.name
