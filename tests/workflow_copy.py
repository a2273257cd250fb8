"""A copy of the workflow that a test may edit, and a simulated study small enough to run in it."""

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]
FORKED_JOBS = Path(__file__).with_name("forked_jobs.py")

TINY = yaml.safe_load((Path(__file__).parent / "tiny.yaml").read_text())

HEADS = re.compile(
    r"^ *(?:rule|checkpoint)(?: (\w+))?:\n(.*?)(?=^ *(?:rule|checkpoint)[ \w]*:|^(?:for|if) |\Z)",
    re.M | re.S,
)


def rules_of(path: Path) -> dict[str, str]:
    """Return what stands under the head of each rule of a file, by the first of its names."""
    found = HEADS.findall(path.read_text())
    return {name or re.search(r'name:\s+f"(\w+)', body)[1]: body for name, body in found}


# Parts of the tiny study that are put in the place of its own to reach every rule but the download
# of weights, each as few times as can be.
OF_EVERY_RULE = {
    "splits.seeds": [1],
    "features.repeats": 1,
    "genetics.distances": {},
    "genetics.anchors": {"raw": {}},
    "backbones.bundled": {
        "model": "tf_efficientnet_lite0",
        "weights": "bundled",
        "preprocessing": {"image_size": 32},
    },
    "classification.classifiers": {
        "logistic": {"method": "logistic_regression"},
        "joint": {"method": "network", "network": {"hidden": [8], "epochs": 3}},
    },
    "embedding.refits": 1,
    "embedding.variants": {
        "mean": {"pooling": "mean"},
        "guided": {"pooling": "mean", "backbones": ["bundled"], "guidance": {"epochs": 5}},
        "ridge": {"pooling": "mean", "backbones": ["tiny"], "guidance": {"method": "ridge"}},
        "tuned": {
            "pooling": "mean",
            "backbones": ["bundled"],
            "per_taxon": 9,
            "guidance": {
                "projection": "none",
                "optimiser": "adam",
                "epochs": 1,
                "fine_tune": {"images_per_taxon": 2},
            },
        },
    },
    "visual_genetic.pretraining": {"epochs": 2, "batch_size": 20, "per_taxon": 2},
    "visual_genetic.variants": {
        "aligned": {"regime": "ltr", "anchors": "raw", "permutations": 2},
        "frozen": {"regime": "frozen"},
    },
    "visual_genetic.unseen": {"share": 0.3, "variants": ["aligned"]},
}


def copy_workflow(folder: Path) -> Path:
    """Copy what runs into a folder of its own, so that a test may edit it."""
    whole = ("Snakefile", "pyproject.toml", "requirements.lock", "workflow", "envs", "config")
    for name in whole:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "profiles").symlink_to("workflow/profiles")
    return folder


def changed(config: dict, key: str, value: object) -> dict:
    """Return a configuration in which one key, named with dots, has another value."""
    config = copy.deepcopy(config)
    *path, last = key.split(".")
    part = config
    for name in path:
        part = part.setdefault(name, {})
    part[last] = value
    return config


def every_rule() -> dict:
    """Return a tiny study that reaches every rule but the download of weights."""
    config = TINY
    for key, value in OF_EVERY_RULE.items():
        config = changed(config, key, value)
    return config


def write_config(folder: Path, config: dict) -> list[str]:
    """Write a study's configuration, and return the words that Snakemake takes for it.

    Figures have few dots: most of the time of a small study goes into them.
    """
    config = {"figures": TINY["figures"]} | config
    (folder / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return ["--configfile", "study.yaml", "--resources", "gpu=1"]


def command(folder: Path, config: dict, *words: str) -> list[str]:
    """Return the command line that runs a study in a folder."""
    return [sys.executable, "-m", "snakemake", *write_config(folder, config), *words]


def run_environment() -> dict[str, str]:
    """Return the environment of a run.

    It is without the path by which tests find the library, and what jobs compile is kept.
    """
    environment = os.environ | {"PYTHONPATH": ""}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def run(folder: Path, config: dict, *words: str) -> subprocess.CompletedProcess:
    """Run Snakemake to its end, its output in one text."""
    return _run(command(folder, config, *words), folder)


def run_jobs(
    folder: Path, config: dict, *words: str, cores: int = 2
) -> subprocess.CompletedProcess:
    """Run a study, its scripts in forks of one process that has imported all."""
    words = [*write_config(folder, config), "--cores", str(cores), *words]
    done = _run([sys.executable, FORKED_JOBS, *words], folder)
    assert done.returncode == 0, done.stdout[-10_000:]
    return done


def _run(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        words,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=run_environment(),
    )


def planned_jobs(done: subprocess.CompletedProcess) -> dict[str, int]:
    """Return the number of jobs of each rule that a dry run plans."""
    assert done.returncode == 0, done.stdout
    table = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)\ntotal ", done.stdout, re.M | re.S)
    if table is None:
        assert "Nothing to be done" in done.stdout, done.stdout
        return {}
    jobs = dict(line.split() for line in table[1].splitlines())
    return {rule: int(count) for rule, count in jobs.items() if rule != "all"}
