"""Verify an archive: ``python -m visgen.verify ARCHIVE``; 1 where something differs."""

import argparse
import sys
from pathlib import Path

from visgen.verify.checksums import Checked, check_files
from visgen.verify.unpacking import unpacked
from visgen.verify.verifying import COMPARED, RECOMPUTED, Verified, verify_scores

_ABOUT = """
Verify the archive of a study: hold its files against their checksums, and its metrics.tsv, row by
row, against scores made anew from the archived predictions. No image and no network is needed.
Exit code: 0 where all agrees, 1 where something differs, 2 where it cannot be read.
"""


def main(words: list[str] | None = None) -> int:
    """Verify an archive, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m visgen.verify", description=_ABOUT)
    parser.add_argument("archive", type=Path, help="a .zip, or the folder it was unpacked into")
    parser.add_argument("--differences", type=Path, help="write what differs to this table (.tsv)")
    asked = parser.parse_args(words)
    try:
        with unpacked(asked.archive) as folder:
            files, scores = check_files(folder), verify_scores(folder)
    except ValueError as error:
        print(f"{asked.archive}: {error}", file=sys.stderr)
        return 2
    print("\n".join([*_of_files(files), "", *_of_scores(scores)]))
    if asked.differences:
        scores.differences.to_csv(asked.differences, sep="\t", index=False)
    return 0 if files.hold and scores.differences.empty else 1


def _of_files(files: Checked) -> list[str]:
    found = [("changed", files.changed), ("missing", files.missing), ("not listed", files.unlisted)]
    counts = ", ".join(f"{len(names)} {what}" for what, names in found)
    lines = [f"Checksums: {files.listed} files listed, {counts}."]
    return lines + [f"  {what}: {name}" for what, names in found for name in names]


def _of_scores(scores: Verified) -> list[str]:
    tables = scores.tables
    lines = [
        f"Scores: {tables['n_rows'].sum()} rows of metrics.tsv; "
        f"{scores.n_rows(RECOMPUTED)} recomputed, "
        f"{scores.n_rows(COMPARED)} only compared with the table that they were copied from."
    ]
    lines += [
        f"  {row.how:<10} {row.n_rows:>7} rows  {row.n_differing:>5} differ  {row.table}"
        for row in tables.itertuples()
    ]
    if scores.differences.empty:
        return [*lines, "No row differs."]
    rows = scores.differences.drop(columns=["anchors", "fold"])
    table = rows.to_csv(sep="\t", index=False).splitlines()
    return [*lines, f"{len(rows)} numbers differ:", *table]


if __name__ == "__main__":
    sys.exit(main())
