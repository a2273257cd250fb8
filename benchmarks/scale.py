"""What planning and the tables of a study cost, by its number of images: seconds and memory.

Each line is of a process of its own. Images are real files, each another PNG of 8 pixels, as far as
``INGESTED``; beyond that, empty files and made-up tables, which say what planning and joins cost.
"""

import argparse
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from visgen.specimens.ingest import ingest
from visgen.specimens.records import read_labels, write_records
from visgen.specimens.splits import split_specimens
from visgen.specimens.table import read_meta
from visgen.specimens.taxonomy import tabulate_taxa

ROOT = Path(__file__).parents[1]
ROWS, INGESTED, IN_FOLDER = (1_000, 72_000, 1_000_000, 5_000_000), 1_000_000, 1_000
RANKS = ["family", "genus", "species"]
COLUMNS = {rank: rank for rank in RANKS} | {"filename": "filename", "specimen": "specimen"}
SIDE = 8


def taxa(n: int) -> pd.DataFrame:
    """Return the taxa of n images: a species has 50 of them, a genus 5 species, a family 20."""
    species = np.arange(n) // 50
    names = {"family": "F", "genus": "G", "species": "G"}
    found = {rank: species // size for rank, size in zip(RANKS, (100, 5, 1), strict=True)}
    table = pd.DataFrame({rank: names[rank] + pd.Series(found[rank]).astype(str) for rank in RANKS})
    return table.assign(species=table["genus"] + " s" + pd.Series(species).astype(str))


def paths(n: int) -> list[str]:
    """Return the names of n images, a thousand in each folder."""
    return [f"{i // IN_FOLDER:04d}/{i:07d}.png" for i in range(n)]


def png(number: int) -> bytes:
    """Return a grey picture like no other."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    row = struct.pack(">Q", number)
    pixels = b"".join(b"\0" + row for _ in range(SIDE))
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(pixels, 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def fill(folder: Path, n: int) -> None:
    """Write a study of n images: its files, its table and its configuration."""
    images = folder / "images"
    for number, path in enumerate(paths(n)):
        if number % IN_FOLDER == 0:
            (images / path).parent.mkdir(parents=True)
        (images / path).write_bytes(png(number) if n <= INGESTED else b"")
    meta = taxa(n).assign(filename=paths(n), specimen=[f"s{i:07d}" for i in range(n)])
    meta.to_csv(folder / "meta.csv", index=False)
    config = yaml.safe_load((ROOT / "config/quickstart.yaml").read_text())
    config["inputs"] |= {"images": str(images), "meta": str(folder / "meta.csv"), "ranks": RANKS}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def plan(folder: Path, n: int) -> str:
    """Plan the study, and return how many jobs that are."""
    words = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2", "--snakefile"]
    words += [str(ROOT / "workflow/Snakefile"), "--configfile", str(folder / "config.yaml")]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    return f"{re.search(r'^total +([0-9]+)', done.stdout, re.MULTILINE)[1]} jobs"


def read_table(folder: Path, n: int) -> str:
    return f"{len(read_meta(folder / 'meta.csv', COLUMNS, RANKS))} rows"


def check_images(folder: Path, n: int) -> str:
    """Check every image against the table."""
    meta = read_meta(folder / "meta.csv", COLUMNS, RANKS)
    accepted, rejected = ingest(
        folder / "images", ranks=RANKS, meta=meta, workers=len(os.sched_getaffinity(0))
    )
    assert len(accepted) == n and rejected.empty
    return f"{n} images"


def write_tables(folder: Path, n: int) -> str:
    """Write the tables of accepted images, made up."""
    table = taxa(n).assign(id=paths(n), specimen=[f"s{i:07d}" for i in range(n)])
    table["sha256"] = [f"{i:064x}" for i in range(n)]
    table = table.assign(path=table["id"], width=SIDE, height=SIDE, view=None, split=None)
    table[["view", "split"]] = table[["view", "split"]].astype("str")
    made = {name: folder / name for name in ("specimens", "images.tsv", "views", "groups")}
    made["images"] = made.pop("images.tsv")
    made |= {"labels": [folder / f"labels/{rank}.parquet" for rank in RANKS]}
    made |= {"taxa": [folder / f"taxa/{rank}.tsv" for rank in RANKS]}
    for name in ("labels", "taxa"):
        (folder / name).mkdir()
    write_records(made, table)
    return f"{len(tabulate_taxa(table, RANKS))} taxa"


def split(folder: Path, n: int) -> str:
    """Deal the specimens once."""
    groups = pd.read_parquet(folder / "groups")
    parts = split_specimens(groups, RANKS, "species", test=0.2, val=0.1, seed=1)
    return f"{(parts == 'test').sum()} test images"


def join_labels(folder: Path, n: int) -> str:
    labels = read_labels([folder / f"labels/{rank}.parquet" for rank in RANKS])
    return f"{len(labels)} images"


STEPS: dict[str, Callable[[Path, int], str]] = {
    "dry run": plan,
    "table read": read_table,
    "images checked": check_images,
    "tables written": write_tables,
    "specimens dealt": split,
    "labels joined": join_labels,
}


def measure(step: str, folder: Path, n: int) -> None:
    """Take a step, and print what it found, its seconds and its largest memory."""
    start = time.perf_counter()
    found = STEPS[step](folder, n)
    seconds = time.perf_counter() - start
    of_whom = resource.RUSAGE_CHILDREN if step == "dry run" else resource.RUSAGE_SELF
    peak = resource.getrusage(of_whom).ru_maxrss / 1024
    print(f"{n} images, {step}: {found}, {seconds:.1f} s, {peak:.0f} MiB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    for n_rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory() as passing:
            fill(Path(passing), n_rows)
            for name in STEPS:
                if name == "images checked" and n_rows > INGESTED:
                    continue
                child = get_context("spawn").Process(
                    target=measure, args=(name, Path(passing), n_rows)
                )
                child.start()
                child.join()
