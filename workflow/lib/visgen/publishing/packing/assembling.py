"""All files of an archive: those of the study, of the workflow, and what is said of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from visgen.configuration.plan import Plan
from visgen.publishing.archive import FILLED, sha256_of
from visgen.publishing.checkout import checkout_files
from visgen.publishing.crate.run import METADATA, Run, write_crate
from visgen.publishing.gathering import Gathered, gather
from visgen.publishing.machine_paths import (
    TEXTS,
    mentions_place,
    places_of_this_machine,
    without_places,
)
from visgen.publishing.methods.text import write_methods
from visgen.publishing.packing.readme import write_readme
from visgen.publishing.records import Job
from visgen.publishing.references import read_references
from visgen.tables import read_table

#: Endings of the study's files that are told apart from what a machine calls its folders.
_TOLD = (".log", "provenance.json", "report.html")

Content = dict[str, bytes | Path]


@dataclass(frozen=True)
class Published:
    """A finished study.

    Attributes
    ----------
    asked
        Its configuration, as it was given.
    plan
        Of its configuration.
    jobs
        As `visgen.publishing.records.jobs_behind` returns them.
    provenance
        As `visgen.provenance.collect_provenance` returns it.
    checkout
        Folder of the workflow.
    """

    asked: Mapping[str, Any]
    plan: Plan
    jobs: list[Job]
    provenance: Mapping[str, Any]
    checkout: Path


def assemble(study: Published) -> Content:
    """Return all files of an archive but its list of checksums, by name.

    Raises
    ------
    ValueError
        If a file of the study or of the workflow is not there.
    """
    places = places_of_this_machine(study.checkout)
    gathered = gather(study.jobs, study.plan.results)
    files: Content = {name: study.checkout / name for name in checkout_files(study.checkout)}
    if (study.checkout / "README.md").is_file():
        files["docs/README.md"] = study.checkout / "README.md"
    files |= {path: Path(path) for path in gathered.kept}
    for name, config in (("config.yaml", study.asked), (FILLED, study.plan.config)):
        text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
        files[name] = without_places(text, places).encode()
    altered = []
    for path in gathered.kept:
        if path.endswith(_TOLD):
            text = Path(path).read_text(encoding="utf-8")
            if (told := without_places(text, places)) != text:
                files[path] = told.encode()
                altered.append(path)
    files["left_out.tsv"] = gathered.left_out.to_csv(sep="\t", index=False).encode()
    folder = study.checkout / "workflow/publication"
    references = read_references(folder / "references.bib")
    methods, sources = write_methods(study.plan, study.provenance, references)
    files["methods.md"] = methods.encode()
    files["references.bib"] = "\n".join(source.text for source in sources).encode()
    remaining = [
        name
        for name, content in sorted(files.items())
        if Path(name).suffix in TEXTS and mentions_place(_bytes(content), places)
    ]
    content = _content_of_readme(study, gathered, len(sources), altered, remaining)
    files["README.md"] = write_readme(folder / "README.md.jinja", content).encode()
    files[METADATA] = write_crate(_run(study, files, gathered)).encode()
    return files


def _run(study: Published, files: Content, gathered: Gathered) -> Run:
    left_out = gathered.left_out.set_index("path")[["sha256", "bytes"]].to_dict("index")
    given = {path: {"sha256": digest} for path, digest in study.provenance["inputs"].items()}
    archived = {
        name: {"sha256": _sha256(content), "bytes": _size(content)}
        for name, content in files.items()
    }
    code = study.checkout.resolve() / "workflow"
    jobs = [
        replace(job, inputs=tuple(p for p in job.inputs if code not in Path(p).resolve().parents))
        for job in study.jobs
    ]
    return Run(study.plan.config["dataset"], jobs, archived, given | left_out, study.provenance)


def _content_of_readme(
    study: Published,
    gathered: Gathered,
    n_sources: int,
    altered: list[str],
    remaining: list[str],
) -> dict[str, Any]:
    plan = study.plan
    script_of = {path: job.script for job in study.jobs for path in job.outputs}
    tables = [
        {"path": path, "n_rows": len(read_table(path)), "script": script_of[path]}
        for path in plan.score_tables
    ]
    return {
        "dataset": plan.config["dataset"],
        "results": plan.results,
        "simulated": plan.simulated is not None,
        "dots_per_inch": plan.config["figures"]["dots_per_inch"],
        "images": plan.inputs["images"],
        "study_files": [path for path in plan.study_files if not path.startswith(plan.results)],
        "has_model": plan.naming is not None,
        "tables": tables,
        "n_metrics": sum(table["n_rows"] for table in tables),
        "n_sources": n_sources,
        "n_jobs": len(study.jobs),
        "n_left_out": len(gathered.left_out),
        "provenance": study.provenance,
        "devices": sorted({shard["device"] for shard in study.provenance["features"]}),
        "altered": altered,
        "remaining": remaining,
    }


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _sha256(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    return sha256_of(content)
