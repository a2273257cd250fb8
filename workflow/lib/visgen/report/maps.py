"""What the report's page says of maps of images, and which backbone is shown best."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.classification.evaluators import INDEPENDENT
from visgen.features.maps.choosing import rank_to_colour
from visgen.features.maps.nearest import DEALT, EVALUATOR, EXPERIMENT, SAME_TAXON
from visgen.metrics import EXPECTED, SCORE, of_role
from visgen.report.page import format_p, format_percent
from visgen.tables import of_rank, read_table


def map_content(
    metrics: pd.DataFrame,
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    tables: Sequence[str],
    figures: Sequence[str],
) -> dict[str, Any]:
    """Return a row a backbone: its figure, how many images it shows, and one number of it.

    Parameters
    ----------
    metrics
        Columns of the contract.
    specimens
        One row an image, with id and the ranks.
    ranks
        Coarse to fine.
    tables, figures
        ``<backbone>/map.tsv`` and ``<backbone>/map.png``, in the same order.
    """
    labels, rows = specimens.set_index("id"), []
    for path, figure in zip(tables, figures, strict=True):
        backbone, images = Path(path).parent.name, read_table(path)["image"]
        rank = rank_to_colour(labels.loc[images], ranks)
        said = map_sentences(metrics, backbone)
        rows.append({
            "backbone": backbone,
            "figure": figure,
            "n_shown": len(images),
            "rank": rank,
            "sentence": said.get(rank, ""),
        })  # fmt: skip
    return {"map_rows": rows}


def map_sentences(metrics: pd.DataFrame, backbone: str) -> dict[str, str]:
    """Return, by rank, how often the nearest image is of the same taxon, beside chance.

    Parameters
    ----------
    metrics
        Columns of the contract; ranks without a score have no sentence.
    backbone
        The one asked for.
    """
    own = metrics[
        (metrics["experiment"] == EXPERIMENT)
        & (metrics["backbone"] == backbone)
        & (metrics["evaluator"] == EVALUATOR)
        & (metrics["metric"] == SAME_TAXON)
    ]
    said = {}
    for rank in own["rank"].unique():
        score = of_role(of_rank(own, rank), SCORE).iloc[0]
        null = of_role(of_rank(own, rank), EXPECTED, DEALT).iloc[0]
        said[rank] = (
            f"Of {score['n']:,.0f} images with a {rank}, {format_percent(score['value'])} have "
            f"one of the same {rank} as the nearest image of another specimen; with taxa dealt "
            f"to the specimens at random, {format_percent(null['value'])} would (95 % of "
            f"{null['n_permutations']:,.0f} deals: {format_percent(null['ci_low'])} to "
            f"{format_percent(null['ci_high'])}; p {format_p(score['p'])})."
        )
    return said


def best_on_validation(chosen: Mapping[str, pd.DataFrame], ranks: Sequence[str]) -> str:
    """Return the backbone whose chosen classifier is best on validation.

    Parameters
    ----------
    chosen
        By backbone: rank, evaluator, value (``chosen.tsv``).
    ranks
        Whose mean decides, as where names are shown. Where none has a value, and of equals, the
        first backbone is returned.

    Examples
    --------
    >>> tables = {
    ...     name: pd.DataFrame({"rank": ["genus"], "evaluator": ["independent"], "value": [value]})
    ...     for name, value in (("net", 0.4), ("other", 0.5))
    ... }
    >>> best_on_validation(tables, ["family", "genus"])
    'other'
    """
    means = {}
    for name, table in chosen.items():
        own = table[(table["evaluator"] == INDEPENDENT) & table["rank"].isin(ranks)]
        mean = own["value"].mean()
        means[name] = -1.0 if pd.isna(mean) else mean
    return max(means, key=means.__getitem__)
