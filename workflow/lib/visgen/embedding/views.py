"""Views of specimens, such as outside and inside: averaged, joined, or one of them alone."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

#: Columns of the table of views.
VIEW_COLUMNS = ["view", "n_images", "n_taxa", "used", "reason"]

#: Share of taxa that a view must have to be joined: a rare one would cost most taxa.
_COMMON = 0.5


class ViewedTaxa(NamedTuple):
    """Which images make the vectors of taxa.

    Attributes
    ----------
    taxa
        Taxon of each image, index id; null where the image is not used.
    views
        View of each image, index id, where views are joined: each makes a part of a taxon's
        vector; None where all images of a taxon are pooled together.
    omitted
        Columns taxon, n_images, reason: taxa that lack a joined view.
    table
        Columns `VIEW_COLUMNS`: every view, and whether its images are used; empty where all are
        averaged.
    """

    taxa: pd.Series
    views: pd.Series | None
    omitted: pd.DataFrame
    table: pd.DataFrame


def read_views(path: str | Path | None) -> pd.Series | None:
    """Return the view of each image, index id, null where the table has none; None for no path."""
    return pd.read_parquet(path).set_index("id")["view"] if path else None


def choose_views(taxa: pd.Series, views: pd.Series | None, how: str) -> ViewedTaxa:
    """Say which images make the vectors of taxa.

    Parameters
    ----------
    taxa
        Taxon of each image, index id, gaps null.
    views
        View of each image, index id, gaps null; not looked at to average.
    how
        ``average`` pools all images of a taxon, whatever their view. ``join`` sets side by side
        what is pooled of each view that half of the taxa have, and leaves out taxa that lack one
        of them. Else the name of a view, whose images alone are used.

    Raises
    ------
    ValueError
        If no image has the view that is named, or no view is common enough to be joined.
    """
    omitted = pd.DataFrame(columns=["taxon", "n_images", "reason"])
    if how == "average":
        return ViewedTaxa(taxa, None, omitted, pd.DataFrame(columns=VIEW_COLUMNS))
    placed = taxa.dropna()
    seen = views.reindex(placed.index)
    n_taxa = placed.groupby(seen).nunique()  # of each view, sorted
    if how == "join":
        used = n_taxa.index[n_taxa >= _COMMON * placed.nunique()]
        rare, wanted = f"fewer than {_COMMON:.0%} of taxa have it", "a view that half of taxa have"
    else:
        used, rare, wanted = n_taxa.index.intersection([how]), "not asked for", "average, join"
    if used.empty:
        found = ", ".join(map(repr, n_taxa.index)) or "none"
        raise ValueError(
            f"config key embedding.views: found {how!r}, expected {wanted} or one of the views of "
            f"the images: {found}"
        )
    taken = seen.isin(used)
    table = pd.DataFrame({"view": n_taxa.index, "n_taxa": n_taxa.to_numpy()})
    table["n_images"] = table["view"].map(seen.value_counts())
    table["used"] = table["view"].isin(used)
    table["reason"] = table["used"].map({True: "", False: rare})
    if n_without := int(seen.isna().sum()):
        row = ["", n_without, placed[seen.isna()].nunique(), False, "images without a view"]
        extra = pd.DataFrame([row], columns=VIEW_COLUMNS)
        table = pd.concat([table, extra], ignore_index=True)
    if how == "join":
        lacking = _lacking(placed[taken], seen[taken], placed, list(used))
        omitted = lacking.rename_axis("taxon").rename("reason").reset_index()
        omitted.insert(1, "n_images", omitted["taxon"].map(placed.value_counts()))
        taken &= ~placed.isin(lacking.index)
    return ViewedTaxa(
        placed.where(taken).reindex(taxa.index),
        seen[taken] if how == "join" else None,
        omitted,
        table[VIEW_COLUMNS],
    )


def _lacking(taxa: pd.Series, views: pd.Series, placed: pd.Series, joined: list[str]) -> pd.Series:
    """Return why a taxon is left out, index taxon."""
    names = sorted(placed.unique())
    counts = pd.crosstab(taxa, views).reindex(index=names, columns=joined, fill_value=0)
    reasons = {
        taxon: f"no image of the view {', '.join(row.index[row == 0])}"
        for taxon, row in counts.iterrows()
        if (row == 0).any()
    }
    return pd.Series(reasons, dtype=object)
