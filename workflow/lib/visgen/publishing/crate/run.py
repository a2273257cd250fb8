"""A crate of a run: the workflow, its jobs as actions, and what they made of what."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.model.contextentity import ContextEntity
from rocrate.model.dataset import Dataset
from rocrate.model.entity import Entity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from visgen.publishing.crate.entities import Files, properties_of
from visgen.publishing.records import Job

#: Name of the file that makes a folder a crate.
METADATA = "ro-crate-metadata.json"

_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
# Terms of runs that the context of RO-Crate has not.
_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
_WORKFLOW = "workflow/Snakefile"
_README, _RESULTS = "README.md", "results"
_SNAKEMAKE = "https://snakemake.github.io"


@dataclass(frozen=True)
class Run:
    """What a crate says of a run.

    Attributes
    ----------
    dataset
        Name of the study.
    jobs
        As `visgen.publishing.records.jobs_behind` returns them, without code among their inputs.
    archived
        Of files in the archive, by name: sha256 and bytes.
    elsewhere
        The same of files that stay behind, by path.
    provenance
        As `visgen.provenance.collect_provenance` returns it.
    """

    dataset: str
    jobs: Sequence[Job]
    archived: Mapping[str, Mapping[str, Any]]
    elsewhere: Mapping[str, Mapping[str, Any]]
    provenance: Mapping[str, Any]


def write_crate(run: Run) -> str:
    """Return the description of an archive as JSON-LD.

    What is not known is not said: no person is named, and files that stay behind are named, with
    their checksums, as works that are not in the crate.
    """
    crate = ROCrate(version="1.1")
    start, end = min(job.start for job in run.jobs), max(job.end for job in run.jobs)
    files = Files(crate, run.archived, run.elsewhere)
    _describe(crate, run.dataset, end)
    scripts = {job.rule: job.script for job in run.jobs}
    tools = {rule: _tool(crate, run, scripts[rule], files) for rule in sorted(scripts)}
    workflow = _workflow(crate, run, files, list(dict.fromkeys(tools.values())))
    workflow["step"] = steps = _steps(crate, run.jobs, tools)
    of_rule = dict(zip(dict.fromkeys(job.rule for job in run.jobs), steps, strict=True))
    controls = [
        _job(crate, number, job, tools[job.rule], of_rule[job.rule], files)
        for number, job in enumerate(run.jobs, start=1)
    ]
    whole = crate.add(_whole(crate, run, workflow, files))
    engine = _software(crate, "snakemake", run.provenance["software"]["snakemake"])
    said = {"@type": "OrganizeAction", "name": "Snakemake runs the jobs"} | _times(start, end)
    organised = crate.add(ContextEntity(crate, "#engine", properties=said))
    organised["instrument"], organised["object"], organised["result"] = engine, controls, whole
    crate.root_dataset["mentions"] = [whole, *(control["object"] for control in controls)]
    _parts(crate, run, files)
    described = crate.metadata.generate()
    described["@graph"] = [
        {name: _single(value) for name, value in entity.items()} for entity in described["@graph"]
    ]
    described["@context"] = [described["@context"], _TERMS]
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def _describe(crate: ROCrate, dataset: str, end: float) -> None:
    crate.name = f"Archive of the study {dataset}"
    crate.description = (
        f"Scores, predictions, figures, configuration, code and provenance of the study {dataset}, "
        "made by the workflow visgen."
    )
    crate.root_dataset["datePublished"] = _moment(end)
    licence = "The study: as its authors say. The workflow: MIT, see LICENSE."
    said = {"@type": "CreativeWork", "name": licence}
    crate.license = crate.add(ContextEntity(crate, "#licence", properties=said))
    crate.metadata["conformsTo"] = [
        {"@id": link} for link in ("https://w3id.org/ro/crate/1.1", list(_PROFILES)[-1])
    ]
    crate.root_dataset["conformsTo"] = [
        crate.add(
            ContextEntity(
                crate, link, properties={"@type": "CreativeWork", "name": name, "version": version}
            )
        )
        for link, (name, version) in _PROFILES.items()
    ]


def _parts(crate: ROCrate, run: Run, files: Files) -> None:
    """Name all files of the study one by one; those of the workflow by their folder."""
    folders = set()
    for path in sorted(run.archived):
        top, _, inside = path.partition("/")
        if inside and top != _RESULTS:
            folders.add(top)
        else:
            files.entity(path)
    for folder in sorted(folders):
        said = {"name": folder, "description": "of the workflow"}
        crate.add(Dataset(crate, dest_path=f"{folder}/", properties=said))
    files.entity(_README)["about"] = crate.root_dataset


def _workflow(crate: ROCrate, run: Run, files: Files, tools: list[Entity]) -> Entity:
    said = (
        properties_of(_WORKFLOW, run.archived[_WORKFLOW])
        | {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": "visgen",
        }
        | _version(run)
    )
    made = ComputationalWorkflow(crate, dest_path=_WORKFLOW, properties=said)
    workflow = files.add(_WORKFLOW, made)
    crate.mainEntity = workflow
    language = {
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "url": {"@id": _SNAKEMAKE},
        "version": run.provenance["software"]["snakemake"],
    }
    workflow["programmingLanguage"] = crate.add(
        ContextEntity(crate, "#language", properties=language)
    )
    workflow["license"] = crate.license
    workflow["hasPart"] = tools
    workflow["softwareRequirements"] = [
        _software(crate, name, version)
        for name, version in sorted(run.provenance["software"].items())
    ]
    return workflow


def _tool(crate: ROCrate, run: Run, script: str, files: Files) -> Entity:
    """Return a script as an entity; rules that are alike share one."""
    path = f"workflow/scripts/{script}"
    if (known := crate.dereference(path)) is not None:
        return known
    said = properties_of(path, run.archived[path]) | _version(run)
    said |= {"@type": ["File", "SoftwareSourceCode"]}
    return files.add(path, File(crate, dest_path=path, properties=said))


def _steps(crate: ROCrate, jobs: Sequence[Job], tools: Mapping[str, Entity]) -> list[Entity]:
    steps = []
    for position, rule in enumerate(dict.fromkeys(job.rule for job in jobs), start=1):
        said = {"@type": "HowToStep", "name": rule, "position": str(position)}
        step = crate.add(ContextEntity(crate, f"#step/{rule}", properties=said))
        step["workExample"] = tools[rule]
        steps.append(step)
    return steps


def _job(crate: ROCrate, number: int, job: Job, tool: Entity, step: Entity, files: Files) -> Entity:
    name = f"{job.rule}, job {number}"
    made = f"The rule {job.rule} made {len(job.outputs)} of {len(job.inputs)} files."
    said = {"@type": "CreateAction", "name": name, "description": made}
    said |= _times(job.start, job.end)
    action = crate.add(ContextEntity(crate, f"#job/{number}", properties=said))
    action["instrument"] = tool
    action["object"] = [files.entity(path) for path in job.inputs]
    action["result"] = [files.entity(path) for path in job.outputs]
    said = {"@type": "ControlAction", "name": f"Snakemake runs {name}"}
    control = crate.add(ContextEntity(crate, f"#control/{number}", properties=said))
    control["instrument"], control["object"] = step, action
    return control


def _whole(crate: ROCrate, run: Run, workflow: Entity, files: Files) -> Entity:
    made = {path for job in run.jobs for path in job.outputs}
    given = {path for job in run.jobs for path in job.inputs} - made
    start, end = min(job.start for job in run.jobs), max(job.end for job in run.jobs)
    said = {"@type": "CreateAction", "name": f"The study {run.dataset}"}
    said["description"] = "From the first to the last of its jobs, the last run of each."
    said |= _times(start, end)
    whole = ContextEntity(crate, "#run", properties=said)
    whole["instrument"] = workflow
    whole["object"] = [files.entity(path) for path in ["config.yaml", *sorted(given)]]
    whole["result"] = [files.entity(path) for path in sorted(made & run.archived.keys())]
    return whole


def _software(crate: ROCrate, name: str, version: str) -> Entity:
    identifier = f"#software/{name}"
    if (known := crate.dereference(identifier)) is not None:
        return known
    said = {"@type": "SoftwareApplication", "name": name, "softwareVersion": version}
    return crate.add(ContextEntity(crate, identifier, properties=said))


def _version(run: Run) -> dict[str, str]:
    commit = run.provenance["workflow"]["commit"]
    return {"version": commit} if commit else {}


def _times(start: float, end: float) -> dict[str, str]:
    return {"startTime": _moment(start), "endTime": _moment(end)}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _single(value: Any) -> Any:
    """Return the one value of a list of one, as a crate has it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
