"""Which files of a study go into its archive, and which stay behind, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd

from visgen.publishing.archive import sha256_of
from visgen.publishing.records import Job

#: What stays behind, by a pattern below the study's results, and why. The first that fits counts.
LEFT_OUT = {
    "naming/photographs.parquet": "a table of photographs for the workflow alone",
    "naming/versions/*.parquet": "features of images",
    "naming/degraded/*.parquet": "features of images",
    "features/*.parquet": "features of images",
    "features/*.npz": "features of images",
    "simclr/*.safetensors": "weights of a network",
    "embedding/*.safetensors": "weights of a network",
    "*/checkpoint.safetensors": "weights of a network",
    "*/pooled.npz": "features of images",
    "*/views.npz": "features of images",
    "*/embeddings.npz": "features of images",
}

#: Columns of the table of what stays behind.
LEFT_OUT_COLUMNS = ["path", "made_by", "bytes", "sha256", "reason"]


@dataclass(frozen=True)
class Gathered:
    """Files of a study.

    Attributes
    ----------
    kept
        Paths from the working directory, sorted.
    left_out
        One row a file that stays behind and is still there: the columns of `LEFT_OUT_COLUMNS`.
    """

    kept: list[str]
    left_out: pd.DataFrame


def gather(jobs: Sequence[Job], results: str) -> Gathered:
    """Return what goes into the archive of all that some jobs have made and logged.

    Parameters
    ----------
    jobs
        As `visgen.publishing.records.jobs_behind` returns them.
    results
        Folder of the study's results, from the working directory. What jobs make elsewhere, such
        as fetched weights and simulated images, stays behind too.

    Raises
    ------
    ValueError
        If a file that goes into the archive is not there.
    """
    kept, left_out = set(), {}
    for job in jobs:
        for path in job.outputs:
            if reason := _reason(path, results):
                left_out[path] = job.rule, reason
            else:
                kept.add(path)
        kept |= {path for path in job.logs if path.startswith(f"{results}/")}
    kept = {path for path in kept if not Path(path).is_dir()}
    for path in sorted(kept):
        if not Path(path).exists():
            raise ValueError(
                f"{path}: not found, expected as a job has made it; run the study to its end first"
            )
    rows = [
        (path, rule, Path(path).stat().st_size, sha256_of(Path(path)), reason)
        for path, (rule, reason) in sorted(left_out.items())
        if Path(path).is_file()
    ]
    return Gathered(sorted(kept), pd.DataFrame(rows, columns=LEFT_OUT_COLUMNS))


def _reason(path: str, results: str) -> str | None:
    if not path.startswith(f"{results}/"):
        return "made outside the study's results"
    inside = path.removeprefix(f"{results}/")
    return next((why for pattern, why in LEFT_OUT.items() if fnmatch(inside, pattern)), None)
