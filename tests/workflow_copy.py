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

TINY = {
    "dataset": "tiny",
    "simulation": {"n_species": 9, "n_images": 130, "image_size": 64, "n_bases": 200},
    "inputs": {
        "ranks": ["subclass", "order", "family", "genus", "species"],
        "tree_rank": "species",
        "sequence_rank": "species",
    },
    "splits": {"seeds": [1, 2], "stratify_by": "species"},
    "genetics": {
        "permutations": 99,
        "bootstraps": 100,
        "alignment": {"aligner": "none"},
        "tree": {"engine": "nj", "bootstraps": 5},
        "anchors": {"raw": {}, "centred": {"space": "centred", "fallback": ["genus"]}},
    },
    "backbones": {
        "tiny": {
            "model": "test_resnet",
            "weights": "simclr",
            "preprocessing": {"image_size": 64},
        }
    },
    "simclr": {
        "epochs": 2,
        "batch_size": 50,
        "image_size": 32,
        "projector": {"hidden": 32, "size": 16},
    },
    "classification": {
        "bootstraps": 100,
        "classifiers": {
            "random_forest": {"method": "random_forest", "trees": 10},
            "most_frequent": {"method": "most_frequent"},
        },
    },
    "embedding": {
        "permutations": 99,
        "specimen_permutations": 19,
        "refits": 2,
        "folds": 3,
        "variants": {
            "mean": {"pooling": "mean"},
            "random": {"pooling": "random"},
            "guided": {"pooling": "attention", "guidance": {"epochs": 3}},
        },
    },
    "visual_genetic": {
        "backbone": "tiny",
        "seeds": [1],
        "image_size": 32,
        "hidden": 20,
        "tail": 8,
        "head": 12,
        "bootstraps": 100,
        "variants": {
            "plain": {"regime": "control"},
            "aligned": {"regime": "control", "anchors": "centred", "permutations": 2},
        },
    },
}


def copy_workflow(folder: Path) -> Path:
    """Copy what runs into a folder of its own, so that a test may edit it."""
    for name in ("Snakefile", "workflow", "envs", "config"):
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


def command(folder: Path, config: dict, *words: str) -> list[str]:
    """Return the command line that runs a study in a folder."""
    (folder / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    snakemake = [sys.executable, "-m", "snakemake", "--configfile", "study.yaml"]
    return [*snakemake, "--resources", "gpu=1", *words]


def run(folder: Path, config: dict, *words: str) -> subprocess.CompletedProcess:
    """Run Snakemake to its end, its output in one text."""
    return subprocess.run(
        command(folder, config, *words),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": ""},
    )


def rules_to_run(folder: Path, config: dict) -> set[str]:
    """Return the rules that a dry run plans."""
    done = run(folder, config, "--cores", "2", "--dry-run")
    assert done.returncode == 0, done.stdout
    table = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)\ntotal ", done.stdout, re.M | re.S)
    if table is None:
        assert "Nothing to be done" in done.stdout, done.stdout
        return set()
    return {line.split()[0] for line in table[1].splitlines()} - {"all"}
