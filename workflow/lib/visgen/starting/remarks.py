"""What is odd about a study, in plain lines: photographs and rows, and the taxa that they name."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from visgen.delimited import read_cells
from visgen.naming.recurring import in_study, labelled_pictures
from visgen.specimens.columns import OPTIONAL_FIELDS, UNNAMED_FIELDS
from visgen.specimens.splits import MIN_SPECIMENS
from visgen.specimens.taxonomy import lineage
from visgen.starting.intake import Intake
from visgen.starting.others import other_files
from visgen.starting.words import plain

_N_SHOWN = 3

#: Of the reasons of the ingests: what is wrong with so many of them.
REASONS = {
    "no_filename": "rows without the name of a file",
    "outside_folder": "rows whose file lies outside the folder",
    "missing_file": "rows whose photograph is not in the folder",
    "not_in_meta": "photographs without a name (no row, or no pattern, names them)",
    "repeated_row": "rows that repeat another one",
    "conflicting_rows": "rows that name one photograph in two ways",
    "no_labels": "photographs without a name at any rank",
    "name_too_long": "rows with a text in the place of a name",
    "unknown_split": "rows whose split is not train, val or test",
    "empty_file": "photographs without content",
    "unreadable": "photographs that cannot be opened",
    "truncated": "photographs that break off",
    "too_many_pixels": "photographs with too many pixels",
    "too_small": "photographs that are too small",
    "too_elongated": "photographs that are too elongated",
    "duplicate": "copies of another photograph with the same names",
    "conflicting_duplicate": "photographs that are there twice, with different names",
    "contradictory_taxonomy": "photographs whose taxon lies elsewhere in most rows",
    "contradictory_specimen": "photographs whose specimen has another name in most rows",
}


def about_refusals(rejected: pd.DataFrame, files: pd.DataFrame | None = None) -> list[str]:
    """Return a line for each reason for which files and rows are left out, with the first of them.

    Parameters
    ----------
    rejected
        Columns file, reason, detail.
    files
        As `visgen.specimens.files.scan_folder` returns them: what is no image is told by kind.
    """
    lines = [f"no photograph: {line}" for line in other_files(files)] if files is not None else []
    for reason, words in REASONS.items():
        rows = rejected[rejected["reason"] == reason]
        if rows.empty:
            continue
        details = rows["file"].fillna("") + ": " + rows["detail"]
        if reason == "not_in_meta":
            details = rows["file"]
        elif reason.startswith("contradictory"):  # one line each, whatever the number of rows
            bare = rows["detail"].str.replace(r"^line \d+: ", "", regex=True)
            details = rows["detail"][~bare.duplicated()]
        lines.append(f"left out, {words}: {len(rows):,}, {listed(details, '; ')}")
    return lines


def about_columns(inputs: Mapping[str, Any]) -> list[str]:
    """Return the columns of the table that nothing reads."""
    if not inputs["meta"]:
        return []
    used = set()
    for field in ("filename", *inputs["ranks"], *OPTIONAL_FIELDS):
        columns = inputs["columns"].get(field, field)
        used.update(map(plain, [columns] if isinstance(columns, str) else columns))
    header = [name for name in read_cells(inputs["meta"]).header if name]
    unread = [name for name in header if plain(name) not in used]
    return [f"columns that are not used: {listed(map(repr, unread), n=8)}"] if unread else []


def about_taxa(
    specimens: pd.DataFrame, ranks: Sequence[str], classified: Sequence[str] | None
) -> list[str]:
    """Return what the numbers of specimens allow, a line or more a rank."""
    lines, usable = [], []
    for rank in ranks:
        sizes = specimens.groupby(rank)["specimen"].nunique().sort_index()
        enough = int((sizes >= MIN_SPECIMENS).sum())
        lines.append(
            f"{rank}: {len(sizes):,} taxa, {enough:,} with {MIN_SPECIMENS} specimens or more"
        )
        single = sizes.index[sizes == 1]
        if len(single):
            what = f"{len(single):,} with one specimen, which cannot be tested"
            lines.append(f"{rank}: {what}: {listed(single)}")
        if len(sizes) == 1:
            lines.append(f"{rank}: {sizes.index[0]} alone, so that there is nothing to tell apart")
        if (gaps := int(specimens[rank].isna().sum())) > 0:
            lines.append(f"{rank}: {gaps:,} photographs without a name")
        is_asked = classified is None or rank in classified
        if int((sizes > 1).sum()) < 2:  # with one specimen a taxon is trained on or tested
            if is_asked:
                lines.append(f"{rank}: is not classified, which needs two taxa of two specimens")
        else:
            usable += [rank] if is_asked else []
            if is_asked and enough < 2:
                lines.append(f"{rank}: is classified only if the split parts two taxa of two")
    if not usable:
        lines.append("no rank can be classified: the page will have no score of names")
    lines += _two_places(specimens, ranks)
    return lines


def about_unnamed(intake: Intake) -> list[str]:
    """Return what is odd about the photographs to be named."""
    unnamed = intake.unnamed
    lines = [f"{len(unnamed):,} photographs to be named, of {unnamed['specimen'].nunique():,} "
             "specimens"]  # fmt: skip
    lines += about_refusals(intake.unnamed_rejected)
    labelled = intake.specimens.set_index("id")["specimen"]
    pictures = labelled_pictures(intake.specimens, labelled, pd.Index(labelled.unique()))
    known = in_study(unnamed, pictures)["image"].dropna()
    same = unnamed.loc[known.index, "sha256"].isin(pictures["sha256"])
    for found, what in ((same, "are in the study already"), (~same, "have names of the study's")):
        ids = unnamed.loc[known.index[found], "id"]
        if len(ids):
            pairs = (f"{one} (as {other})" for one, other in zip(ids, known[found], strict=True))
            lines.append(f"{len(ids):,} of them {what}: {listed(pairs)}")
    return lines


def about_unnamed_columns(meta: str | None) -> list[str]:
    """Return the columns of the table of unnamed photographs that nothing reads."""
    if not meta:
        return []
    header = [name for name in read_cells(meta).header if name]
    unread = [name for name in header if name.casefold() not in ("filename", *UNNAMED_FIELDS)]
    return [f"columns that are not used: {listed(map(repr, unread), n=8)}"] if unread else []


def listed(names: Iterable[object], parting: str = ", ", n: int = _N_SHOWN) -> str:
    """Return the first of some names, and whether there are more.

    >>> listed(["a", "b", "c", "d"])
    'a, b, c, …'
    """
    names = list(map(str, names))
    return parting.join(names[:n]) + (f"{parting.rstrip()} …" if len(names) > n else "")


def _two_places(specimens: pd.DataFrame, ranks: Sequence[str]) -> list[str]:
    """Return taxa that are kept in two places, as `ingest.contradictions: keep` allows."""
    lines = []
    for above, rank in pairwise(ranks):
        places = specimens.groupby(rank)[above].nunique()
        for taxon in places.index[places > 1]:
            used = lineage(specimens, ranks, rank).loc[taxon, above]
            lines.append(f"{rank} {taxon} is in {places[taxon]} taxa of the rank {above}; {used} "
                         "has most of its photographs and counts")  # fmt: skip
    return lines
