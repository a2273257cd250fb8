"""What lies in a user's folders: photographs, the taxa that they are said to be of, relatives."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from visgen.configuration.checks.paths import check_path
from visgen.delimited import read_cells
from visgen.specimens.coverage import coverage
from visgen.specimens.entries import fill_specimens
from visgen.specimens.files import match_rows, scan_folder
from visgen.specimens.paths import labels_from_paths
from visgen.specimens.spelling import unify_names
from visgen.specimens.splits import MIN_SPECIMENS
from visgen.specimens.table import read_meta
from visgen.starting.columns import Columns, columns_to_name, find_columns
from visgen.starting.folders import Layout, find_layout
from visgen.starting.others import other_files
from visgen.starting.relatives import Matched, Sequenced, match_sequences, match_tree


@dataclass(frozen=True)
class Asked:
    """Paths that a user gives, as they were given; None for what there is not."""

    images: str
    meta: str | None = None
    unnamed: str | None = None
    tree: str | None = None
    sequences: str | None = None


@dataclass(frozen=True)
class Found:
    """What a configuration follows from.

    Attributes
    ----------
    asked
        The user's paths.
    endings
        Photographs by the ending of their names.
    others
        What else lies in the folder, a line a kind.
    labels
        One row a photograph with names: id, specimen and the ranks of two taxa or more.
    taxa
        As `visgen.specimens.coverage.coverage` returns it, of these ranks.
    left_out
        The one taxon of each rank that has no other.
    n_without_row, n_without_file
        Photographs without a name, and rows without a photograph.
    """

    asked: Asked
    endings: dict[str, int]
    others: list[str]
    labels: pd.DataFrame
    taxa: pd.DataFrame
    left_out: dict[str, str]
    columns: Columns | None
    layout: Layout | None
    n_without_row: int
    n_without_file: int
    tree: Matched | None = None
    sequences: Sequenced | None = None
    unnamed_endings: dict[str, int] = field(default_factory=dict)

    @property
    def ranks(self) -> list[str]:
        """The ranks with two taxa or more, coarse to fine."""
        return list(dict.fromkeys(self.taxa["rank"]))

    def testable(self, rank: str) -> int:
        """Return how many taxa of a rank have specimens for training, validation and test."""
        sizes = self.taxa.loc[self.taxa["rank"] == rank, "n_specimens"]
        return int((sizes >= MIN_SPECIMENS).sum())


def look_around(asked: Asked) -> Found:
    """Look at all that the user names.

    Raises
    ------
    ValueError
        In one line: what cannot be used, and why.
    """
    for what, path, kind in (
        ("IMAGES", asked.images, "folder"),
        ("META", asked.meta, "file"),
        ("UNNAMED", asked.unnamed, "folder"),
        ("TREE", asked.tree, "file"),
        ("SEQUENCES", asked.sequences, "file"),
    ):
        if path is not None:
            _check_path(what, path, kind)
    if asked.meta is None and asked.unnamed is not None:
        _check_apart(asked.images, asked.unnamed)
    files = scan_folder(asked.images)
    usable = files.loc[files["reason"].isna(), "id"].tolist()
    if not usable:
        raise ValueError(_no_images("IMAGES", asked.images, files))
    columns = layout = None
    if asked.meta is not None:
        columns = find_columns(read_cells(asked.meta), usable, asked.meta)
        ranks = columns.ranks
        meta = read_meta(asked.meta, columns_to_name(columns), ranks)
    else:
        layout = find_layout(usable, asked.images)
        ranks = layout.ranks
        meta = labels_from_paths(usable, layout.pattern, ranks)
    meta = unify_names(meta.reset_index(drop=True), ranks, {})
    entries = match_rows(meta, files, "")
    entries["specimen"] = fill_specimens(entries, None).fillna(entries["id"])
    named = entries["line"].notna() if columns else entries["filename"].notna()
    labels = entries[named & entries["path"].notna() & entries["reason"].isna()]
    labels = labels[labels[ranks].notna().any(axis=1)].drop_duplicates("id")
    several, left_out = _several(labels, ranks)
    if not several:
        raise ValueError(
            f"{asked.meta or asked.images}: found one taxon at every rank "
            f"({', '.join(f'{rank} {taxon}' for rank, taxon in left_out.items()) or 'none'}), "
            "expected two or more to tell apart"
        )
    names = {rank: sorted(labels[rank].dropna().unique()) for rank in several}
    return Found(
        asked=asked,
        endings=_endings(usable),
        others=other_files(files),
        labels=labels[["id", "specimen", *several]],
        taxa=coverage(labels, several, None, None, None, None),
        left_out=left_out,
        columns=columns,
        layout=layout,
        n_without_row=int((entries["reason"] == "not_in_meta").sum()),
        n_without_file=int((named & entries["path"].isna()).sum()),
        unnamed_endings=_unnamed(asked.unnamed),
        **_relatives(asked, names),
    )


def _relatives(asked: Asked, names: Mapping[str, list[str]]) -> dict[str, object]:
    return {
        "tree": match_tree(asked.tree, names) if asked.tree is not None else None,
        "sequences": match_sequences(asked.sequences, names) if asked.sequences else None,
    }


def _check_path(what: str, path: str, kind: str) -> None:
    if kind == "folder" and Path(path).is_file():
        raise ValueError(f"{what}: found {path!r}, which is a file, expected a folder; unpack it "
                         "where it is an archive")  # fmt: skip
    check_path(what, path, kind)


def _check_apart(images: str, unnamed: str) -> None:
    """Refuse a folder of unnamed photographs among those whose folders name them."""
    folder = Path(unnamed).resolve()
    if Path(images).resolve() in (folder, *folder.parents):
        raise ValueError(
            f"UNNAMED: found {unnamed!r}, which lies in IMAGES, whose folders are names; expected "
            "a folder outside"
        )


def _no_images(what: str, folder: str, files: pd.DataFrame) -> str:
    others = other_files(files)
    there = "; ".join(others) if others else "nothing at all"
    return f"{what}: found no photograph in {folder!r} (JPEG, PNG, TIFF or WebP): {there}"


def _unnamed(folder: str | None) -> dict[str, int]:
    if folder is None:
        return {}
    files = scan_folder(folder)
    usable = files.loc[files["reason"].isna(), "id"].tolist()
    if not usable:
        raise ValueError(_no_images("UNNAMED", folder, files))
    return _endings(usable)


def _endings(files: list[str]) -> dict[str, int]:
    return dict(Counter(PurePosixPath(name).suffix.lower() for name in files).most_common())


def _several(labels: pd.DataFrame, ranks: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the ranks with two taxa or more, and the one taxon of each of the others."""
    taxa = {rank: labels[rank].dropna().unique() for rank in ranks}
    one = {rank: str(names[0]) for rank, names in taxa.items() if len(names) == 1}
    return [rank for rank in ranks if len(taxa[rank]) > 1], one
