"""The jobs of a run, as Snakemake has recorded them: what made which file, of what, and when."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_AT_ONCE = 0.5  # seconds between files that one job has made
_SCRIPT = re.compile(r"(\w+\.py)\W*$")


@dataclass(frozen=True)
class Job:
    """One run of a rule.

    Attributes
    ----------
    rule
        Its name.
    script
        File name of its script, whatever the rule is called.
    inputs, outputs, logs
        Paths from the working directory.
    start, end
        Seconds since 1970.
    """

    rule: str
    script: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    logs: tuple[str, ...]
    start: float
    end: float


def read_jobs(folder: str | Path) -> list[Job]:
    """Return all jobs that are on record, by rule and outputs.

    Parameters
    ----------
    folder
        The folder ``.snakemake/metadata`` of the working directory: a record a file that was made,
        named by its path in base64.

    Raises
    ------
    ValueError
        If there is no record.
    """
    records: dict[tuple, list[tuple[str, dict]]] = {}
    for path in Path(folder).rglob("*"):
        if path.is_file():
            # A long name is divided among folders, each of which begins with this sign.
            name = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            record = json.loads(path.read_text(encoding="utf-8"))
            key = record["rule"], *record["log"]
            records.setdefault(key, []).append((urlsafe_b64decode(name).decode(), record))
    if not records:
        raise ValueError(
            f"{folder}: found no record of a job, expected those that Snakemake keeps of every "
            "file that it makes; a run with --drop-metadata cannot be published"
        )
    jobs = [_job(made) for of_rule in records.values() for made in _by_end(of_rule)]
    return sorted(jobs, key=lambda job: (job.rule, job.outputs))


def _by_end(made: list[tuple[str, dict]]) -> list[list[tuple[str, dict]]]:
    """Part files by the job that made them, which stamps them one right after another."""
    ordered = sorted(made, key=lambda file: (file[1]["endtime"], file[0]))
    jobs = [ordered[:1]]
    for before, file in pairwise(ordered):
        if file[1]["endtime"] - before[1]["endtime"] > _AT_ONCE:
            jobs.append([])
        jobs[-1].append(file)
    return jobs


def _job(made: list[tuple[str, dict]]) -> Job:
    record = made[0][1]
    script = _SCRIPT.search(record["code"] or "")
    return Job(
        record["rule"],
        script[1] if script else "",
        tuple(sorted(record["input"])),
        tuple(sorted(path for path, _ in made)),
        tuple(sorted(record["log"])),
        min(one["starttime"] for _, one in made),
        record["endtime"],
    )


def jobs_behind(targets: Iterable[str], jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs without which some files would not be there, in the order of their start.

    What earlier configurations have left in the folder of results is not among what they made.

    Raises
    ------
    ValueError
        If no job is on record for a target.

    Examples
    --------
    >>> made = [Job("split", "split.py", ("a",), ("b", "c"), (), 1, 2)]
    >>> made += [Job("score", "score.py", ("b",), ("d",), (), 3, 4)]
    >>> old = Job("score", "score.py", ("c",), ("e",), (), 0, 1)
    >>> [job.outputs for job in jobs_behind(["d"], [*made, old])]
    [('b', 'c'), ('d',)]
    """
    maker = {path: job for job in jobs for path in job.outputs}
    waiting = list(targets)
    if unknown := sorted(set(waiting) - maker.keys()):
        raise ValueError(
            f"{unknown[0]}: found no record of the job that made it, expected one of Snakemake's "
            "in .snakemake/metadata; make it anew with --forcerun"
        )
    found: set[Job] = set()
    while waiting:
        job = maker.get(waiting.pop())
        if job is not None and job not in found:
            found.add(job)
            waiting += job.inputs
    return sorted(found, key=lambda job: (job.start, job.rule, job.outputs))
