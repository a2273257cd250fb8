"""What the report's page says of taxa that have images and no place in the tree."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from visgen.report.cells import interval_in_words
from visgen.report.page import LISTED, format_number, format_percent, is_nothing
from visgen.tables import read_table

#: Taxa that a finding names; the others are in the table.
NAMED = 3

_KINDS = {
    "tips": "of a group on the tree",
    "clades": "of no group on the tree",
}


def placed_content(
    placed: Sequence[str],
    trust: Sequence[str],
    figures: Sequence[str],
    tree_rank: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Return rows, findings and figures of taxa outside the tree.

    Parameters
    ----------
    placed, trust, figures
        ``<backbone>/<variant>/placed.tsv``, ``placed.trust.tsv`` and ``placed.png``, in the same
        order.
    tree_rank
        Rank of the taxa.
    labels
        What the page calls each backbone (`visgen.report.backbones`).

    Returns
    -------
    dict
        placed_rows, one a backbone, variant and taxon, `LISTED` at most of each; n_placed_rows,
        how many there are; trust_rows; placed_findings; placed_figures. All are empty where no
        taxon is outside the tree.
    """
    content = {"placed_rows": [], "trust_rows": [], "placed_findings": [], "placed_figures": []}
    content["n_placed_rows"] = 0
    for path, of_trust, figure in zip(placed, trust, figures, strict=True):
        table, trusted = read_table(path), read_table(of_trust)
        if table.empty:
            continue
        where = {"backbone": Path(path).parts[-3], "variant": Path(path).parts[-2]}
        rows = placed_rows(table)
        content["n_placed_rows"] += len(rows)
        content["placed_rows"] += [where | row for row in rows[:LISTED]]
        kinds = trusted["kind"].isin(table["kind"])
        content["trust_rows"] += [where | row for row in trusted[kinds].to_dict("records")]
        named = where | {"backbone": labels[where["backbone"]]}
        content["placed_findings"].append(placed_finding(table, trusted, named, tree_rank))
        content["placed_figures"].append(where | {"path": figure})
    return content


def placed_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row a taxon: taxon, group, n_images, kind, reason and relatives.

    Parameters
    ----------
    table
        As `visgen.embedding.placement.tables.placed_table` makes it.

    Returns
    -------
    list of dict
        Gaps are None; relatives are dicts of relative, group, distance and interval (texts).
    """
    rows = []
    for taxon, of_taxon in table.groupby("taxon", sort=False):
        (first, *_) = records = (
            of_taxon.astype(object).where(of_taxon.notna(), None).to_dict("records")
        )
        row = {"taxon": taxon} | {key: first[key] for key in ("group", "kind", "reason")}
        row["n_images"] = int(first["n_images"])
        row["relatives"] = [
            {
                "relative": record["relative"],
                "group": record["relative_group"],
                "distance": format_number(record["distance"]),
                "interval": interval_in_words(record, format_number),
            }
            for record in records
            if record["relative"] is not None
        ]
        rows.append(row)
    return rows


def placed_finding(
    table: pd.DataFrame, trust: pd.DataFrame, where: Mapping[str, str], tree_rank: str
) -> str:
    """Say in plain sentences what taxa outside the tree look nearest to, and how far that goes.

    Parameters
    ----------
    table, trust
        As `visgen.embedding.placement.tables` makes them; a taxon at least.
    where
        backbone, as the page calls it, and variant.
    tree_rank
        Rank of the taxa.
    """
    first = table.drop_duplicates("taxon")
    named = f"{where['variant'].replace('_', ' ')}, {where['backbone']}"
    head = f"{len(first)} {tree_rank} with images {'is' if len(first) == 1 else 'are'} outside the"
    if first["relative"].isna().all():
        return f"{head} tree and not placed: {first['reason'].iloc[0]}."
    most = first.sort_values("n_images", ascending=False, kind="stable")
    told = [_in_words(row) for row in most.head(NAMED).to_dict("records")]
    if len(first) > NAMED:
        told.append(f"{len(first) - NAMED} more in the table")
    sentences = [f"{head} tree; nearest by look ({named}): {'; '.join(told)}."]
    nearest = trust[(trust["place"] == 1) & trust["kind"].isin(first["kind"])]
    for row in nearest.to_dict("records"):
        sentences.append(
            f"Of {row['n']:.0f} {tree_rank} that were held out and are {_KINDS[row['kind']]}, the "
            f"one that looked nearest was {format_number(row['found'], 2)} away on average, the "
            f"nearest there is {format_number(row['nearest'], 2)}, one picked blindly "
            f"{format_number(row['blind'], 2)}" + _own_group_in_words(row) + "."
        )
    return " ".join(sentences)


def _in_words(row: Mapping[str, Any]) -> str:
    words = f"{row['taxon']} to {row['relative']}"
    if is_nothing(row["distance"]):
        return words
    words += f" (distance {format_number(row['distance'], 2)}"
    if interval := interval_in_words(row, lambda value: format_number(value, 2)):
        words += f", {interval}"
    return words + ")"


def _own_group_in_words(row: Mapping[str, Any]) -> str:
    if is_nothing(row["own_group"]):
        return ""
    own, frequent, blind = (
        format_percent(row[key]) for key in ("own_group", "own_group_frequent", "own_group_blind")
    )
    return f"; it was of the right group for {own} (largest group {frequent}, blindly {blind})"
