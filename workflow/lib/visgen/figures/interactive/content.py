"""What the page has of pictures that answer to the mouse."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.distances.matrices import load_distances
from visgen.features.maps.nearest import AXES, EXPERIMENT
from visgen.figures.interactive.distance_pair import MAX_TAXA, pair_picture
from visgen.figures.interactive.documents import bokeh_script
from visgen.figures.interactive.image_map import map_picture
from visgen.report.maps import best_on_validation, map_sentences
from visgen.report.photographs import script_json
from visgen.specimens.taxonomy import group_above
from visgen.tables import read_table


def picture_content(
    metrics: pd.DataFrame,
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    tree_rank: str | None,
    guided: Sequence[str],
    page: Mapping[str, Any],
    tables: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the pictures of the backbone that is best on validation, as JSON for the page.

    Parameters
    ----------
    metrics
        Columns of the contract.
    specimens
        One row an image, with id and the ranks.
    ranks, tree_rank
        Coarse to fine, and that of the tips, None without a tree.
    guided
        Variants that were fitted to the tree.
    page
        ``map_rows``, as `visgen.report.maps.map_content` has them.
    tables
        Paths: chosen (``<backbone>/chosen.tsv``), map_tables (``<backbone>/map.tsv``) and, with a
        tree, tree_distances and pair_distances (``<backbone>/<variant>/distances.tsv``).

    Returns
    -------
    dict
        ``map_picture`` and ``pair_picture``, JSON or None; what they are of; and ``bokeh``, the
        script that draws them, None where there is neither.
    """
    chosen = {Path(path).parent.name: read_table(path) for path in tables["chosen"]}
    best = best_on_validation(chosen, ranks)
    (row,) = (row for row in page["map_rows"] if row["backbone"] == best)
    (path,) = (path for path in tables["map_tables"] if Path(path).parent.name == best)
    axes = metrics[
        (metrics["experiment"] == EXPERIMENT)
        & (metrics["backbone"] == best)
        & (metrics["evaluator"] == AXES)
    ]
    drawn = map_picture(
        read_table(path),
        specimens.set_index("id"),
        ranks,
        row["rank"],
        axes["value"].tolist(),
        map_sentences(metrics, best),
    )
    content = {"map_picture": _json(drawn), "map_backbone": best, "pair_picture": None}
    if tree_rank:
        content |= _pair_content(specimens, ranks, tree_rank, best, tables)
        content["pair_is_guided"] = content["pair_variant"] in guided
    has_any = content["map_picture"] or content["pair_picture"]
    return content | {"bokeh": bokeh_script() if has_any else None}


def _pair_content(
    specimens: pd.DataFrame,
    ranks: Sequence[str],
    rank: str,
    backbone: str,
    tables: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the matrices of the backbone's first vectors that see images and not the tree."""
    (path,) = (p for p in tables["pair_distances"] if Path(p).parts[-3] == backbone)
    genetic, visual = load_distances(tables["tree_distances"]), load_distances(path)
    drawn = pair_picture(genetic, visual, group_above(specimens, ranks, rank))
    return {
        "pair_picture": _json(drawn),
        "pair_backbone": backbone,
        "pair_variant": Path(path).parent.name,
        "pair_taxa": len(set(genetic.ids) & set(visual.ids)),
        "most_pair_taxa": MAX_TAXA,
    }


def _json(picture: dict[str, Any] | None) -> str | None:
    return None if picture is None else script_json(picture)
