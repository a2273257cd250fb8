"""What a split cannot test, and what was dealt beside one that the user gave."""

from collections.abc import Sequence

import pandas as pd

NOTE_COLUMNS = ["note", "rank", "name", "n_images", "n_specimens", "detail"]


def split_notes(specimens: pd.DataFrame, parts: pd.Series, ranks: Sequence[str]) -> pd.DataFrame:
    """List what a split cannot test or what was dealt, and specimens in two parts of a user's.

    Returns
    -------
    DataFrame
        Columns note (untested, untrained, shared_specimen, or kept_split where the user gave a
        split to some images only), rank, name, n_images, n_specimens, detail.
    """
    images = specimens.assign(part=specimens["id"].map(parts))
    notes = _kept(specimens)
    for rank in ranks:
        for taxon, rows in images.dropna(subset=[rank]).groupby(rank):
            n_specimens = rows["specimen"].nunique()
            present = set(rows["part"])
            detail = f"{n_specimens} specimens, all in {', '.join(sorted(present))}"
            if "test" not in present:
                notes.append(("untested", rank, taxon, len(rows), n_specimens, detail))
            elif "train" not in present:
                notes.append(("untrained", rank, taxon, len(rows), n_specimens, detail))
    for specimen, rows in images.groupby("specimen"):
        if len(set(rows["part"])) > 1:
            where = ", ".join(sorted(rows["part"].unique()))
            notes.append(("shared_specimen", "", specimen, len(rows), 1, f"in {where}"))
    return pd.DataFrame(notes, columns=NOTE_COLUMNS)


def _kept(specimens: pd.DataFrame) -> list[tuple[str, str, str, int, int, str]]:
    """Return the note on a split that the user gave to some images only."""
    given, without = specimens.dropna(subset="split"), specimens[specimens["split"].isna()]
    if given.empty or without.empty:
        return []
    beside = without["specimen"].isin(given["specimen"]).sum()
    detail = (
        f"{len(without)} images came without a split: {beside} are with their specimen, "
        f"{len(without) - beside} were dealt"
    )
    return [("kept_split", "", "", len(given), given["specimen"].nunique(), detail)]
