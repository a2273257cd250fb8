"""Name photographs with a naming model alone: ``python -m visgen.naming MODEL IMAGES OUT``."""

import argparse
import os
import sys
from pathlib import Path

from visgen.naming.answering import Asked
from visgen.naming.opening import open_model
from visgen.naming.photographs import name_photographs
from visgen.specimens.rejections import check_any
from visgen.specimens.table import read_unnamed_meta
from visgen.specimens.unnamed import ingest_unnamed
from visgen.tables import write_table


def main(arguments: list[str] | None = None) -> None:
    """Check photographs, look at them, and write specimens.tsv, images.tsv and rejected.tsv."""
    parser = _parser()
    told = parser.parse_args(arguments)
    if told.place is not None and told.restrict is None:
        parser.error("--place says which rows of --restrict count, which is not given")
    opened = open_model(told.model, restrict=told.restrict, place=told.place, workers=told.workers)
    meta = None if told.meta is None else read_unnamed_meta(told.meta, {})
    if opened.unknown:
        print(f"{told.restrict}: not of this study: {', '.join(opened.unknown)}", file=sys.stderr)
    read = opened.reading
    photographs, rejected = ingest_unnamed(
        told.images,
        meta=meta,
        specimen_pattern=told.specimen_pattern,
        max_pixels=read["max_pixels"],
        min_side=read["min_side"],
        max_aspect_ratio=read["max_aspect_ratio"],
        background=tuple(read["background"]),
        workers=told.workers,
    )
    told.out.mkdir(parents=True, exist_ok=True)
    made = {name: told.out / f"{name}.tsv" for name in ("specimens", "images")}
    for path in made.values():  # of an earlier call, which a failure would leave beside the new
        path.unlink(missing_ok=True)
    write_table(told.out / "rejected.tsv", rejected)
    check_any(photographs, rejected, told.images, told.out / "rejected.tsv")
    asked = Asked(told.confidence, told.false_flags, opened.allowed)
    name_photographs(
        photographs, told.images, opened.model, opened.looking, asked, opened.usual, made
    )
    print(f"{made['specimens']}: {photographs['specimen'].nunique()} specimens")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("visgen.naming", description=__doc__)
    parser.add_argument("model", type=Path, help="folder of a naming model")
    parser.add_argument("images", type=Path, help="folder of photographs")
    parser.add_argument("out", type=Path, help="folder for the tables")
    parser.add_argument("--meta", type=Path, help="table: filename, specimen, view, source, place")
    parser.add_argument("--specimen-pattern", help="regular expression with a group 'specimen'")
    parser.add_argument("--restrict", type=Path, help="table of the taxa that can occur")
    parser.add_argument("--place", help="rows of this place in it")
    sure = "share of specimens of known taxa whose set holds the truth"
    parser.add_argument("--confidence", type=float, default=0.9, help=sure)
    flags = "share of them that may be called new"
    parser.add_argument("--false-flags", type=float, default=0.05, help=flags)
    workers = os.cpu_count() or 1
    parser.add_argument("--workers", type=int, default=workers, help="threads that decode")
    return parser


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f"visgen.naming: {error}")
