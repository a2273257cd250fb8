"""What a run was made of: software, configuration, inputs, machine."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from visgen.features.tables import read_made_with
from visgen.tables import read_table
from visgen.version import visgen_version

#: The packages whose versions decide results, beside those that the feature shards name.
PACKAGES = (
    "snakemake",
    "scikit-learn",
    "scikit-bio",
    "pandas",
    "numpy",
    "scipy",
    "pyarrow",
    "pillow",
    "biopython",
    "dendropy",
    "matplotlib",
)


def collect_provenance(
    config: Mapping[str, Any],
    inputs: Sequence[str | Path],
    images: str | Path,
    features: Sequence[str | Path],
    source: str | Path,
) -> dict[str, Any]:
    """Return what a reader needs to make the run again.

    Parameters
    ----------
    config
        The whole configuration, defaults included.
    inputs
        Tables, trees and sequences of the study.
    images
        Table of accepted images, which holds a checksum of each.
    features
        Feature shards, which say on what they were computed.
    source
        A folder of the workflow's checkout, for its git commit.
    """
    checksums = read_table(images)["sha256"]
    return {
        "config": config,
        "software": {"python": platform.python_version()} | _versions(),
        "workflow": {"version": visgen_version()} | _git_state(source),
        "machine": {"system": platform.platform(), "processor": platform.machine()},
        "features": [
            read_made_with(path) | {"shard": "/".join(Path(path).parts[-2:])} for path in features
        ],
        "inputs": {str(path): _sha256(path) for path in sorted(map(str, inputs))},
        "images": {
            "n": len(checksums),
            "sha256": hashlib.sha256("\n".join(sorted(checksums)).encode()).hexdigest(),
        },
    }


def write_provenance(path: str | Path, provenance: Mapping[str, Any]) -> None:
    """Write provenance as JSON."""
    text = json.dumps(provenance, indent=2, ensure_ascii=False, sort_keys=True)
    Path(path).write_text(text + "\n", encoding="utf-8")


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "in an environment of its own"
    return found


def _git_state(source: str | Path) -> dict[str, Any]:
    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(source), *words], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    changes = git("status", "--porcelain", "--untracked-files=no")
    return {
        "commit": git("rev-parse", "HEAD"),
        "changed": None if changes is None else bool(changes),
    }


def _sha256(path: str | Path) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
