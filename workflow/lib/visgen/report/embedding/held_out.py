"""What the report's page says of taxa that guidance has not seen, from the tables of a run."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.report.embedding.held_out_findings import held_out_findings
from visgen.report.embedding.held_out_rows import held_out_rows
from visgen.tables import read_table


def held_out_content(
    metrics: pd.DataFrame,
    tables: Mapping[str, Any],
    *,
    tree_rank: str,
    step_ranks: Mapping[str, str],
    labels: Mapping[str, str],
    guided: Collection[str],
    random: Collection[str],
    references: Mapping[str, str],
    refits: Mapping[str, int],
) -> dict[str, Any]:
    """Return rows, findings, fits, figures and omissions of held-out taxa.

    Parameters
    ----------
    metrics
        Columns of the contract.
    tables
        Paths: folds_omitted (of the first and of further deals), fits and ridge_fits
        (``<backbone>/<variant>/fit.tsv``, of what was fitted step by step and in closed form),
        guidance_figures and held_out_figures (``<backbone>/<figure>.png``), pair_figures
        (``<backbone>/<variant>/held_out.png``).
    tree_rank
        Rank of the taxa.
    step_ranks
        By step, the rank within whose groups it asks.
    labels
        What the page calls each backbone (`visgen.report.backbones`).
    guided, random
        Variants that were fitted to phylogenetic distances, and those that see no image.
    references
        By variant: the unguided one that it is compared with; itself where it is one of them.
    refits
        By variant: fits to permuted bags, and as many to dealt specimens; of random vectors,
        which are not tested, further draws.
    """
    rows = held_out_rows(metrics, guided=guided, random=random, references=references)
    tested = {row["variant"]: refits[row["variant"]] for row in rows} or refits
    tested = {name: number for name, number in tested.items() if name not in random}
    return {
        "held_out_rows": rows,
        "held_out_shown": [
            row for row in rows if row["is_guided"] or row["is_random"] or row["is_reference"]
        ],
        "held_out_findings": held_out_findings(rows, refits, tree_rank, step_ranks, labels),
        "many_guided": any(row["standing"] for row in rows),
        "fewest_refits": min(filter(None, tested.values()), default=0),
        "not_refitted": [name for name, number in tested.items() if not number],
        "fit_rows": _fit_rows(tables["fits"]),
        "ridge_rows": _fit_rows(tables["ridge_fits"]),
        "folds_omitted": [
            row for path in tables["folds_omitted"] for row in read_table(path).to_dict("records")
        ],
        "held_out_figures": [
            {"path": path, "backbone": Path(path).parent.name}
            for path in tables["held_out_figures"]
        ],
        "guidance_figures": [
            {"path": path, "backbone": Path(path).parent.name}
            for path in tables["guidance_figures"]
        ],
        "pair_figures": [{"path": path} | _place(path) for path in tables["pair_figures"]],
    }


def _fit_rows(paths: Sequence[str]) -> list[dict[str, Any]]:
    return [row | _place(path) for path in paths for row in read_table(path).to_dict("records")]


def _place(path: str) -> dict[str, str]:
    """Return the backbone and the variant that a path names."""
    folder = Path(path).parent
    return {"backbone": folder.parent.name, "variant": folder.name}
