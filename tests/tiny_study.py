"""The smallest simulated study that reaches every rule, and a way to run the workflow on it."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]

STUDY = {
    "dataset": "tiny",
    "simulation": {
        "n_species": 9,
        "n_images": 130,
        "image_size": 64,
        "n_bases": 200,
        "planted": 1,
    },
    "inputs": {
        "ranks": ["subclass", "order", "family", "genus", "species"],
        "tree_rank": "species",
        "sequence_rank": "species",
    },
    "splits": {"seeds": [1], "stratify_by": "species"},
    "features": {"views": 1},
    "backbones": {
        "tiny": {"model": "test_resnet", "weights": "none", "preprocessing": {"image_size": 64}}
    },
    "classification": {
        "bootstraps": 100,
        "classifiers": {
            "most_frequent": {"method": "most_frequent"},
            "random_forest": {"method": "random_forest", "trees": 10},
        },
    },
    "embedding": {
        "permutations": 99,
        "image_permutations": 19,
        "variants": {"mean": {"pooling": "mean"}},
    },
}


def run_study(
    folder: Path, snakemake: str | Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> str:
    """Run the workflow on the tiny study in a folder and return what Snakemake says."""
    config = folder / "tiny.yaml"
    config.write_text(yaml.safe_dump(STUDY, sort_keys=False))
    command = [snakemake, *arguments, "--snakefile", REPOSITORY / "Snakefile"]
    command += ["--directory", folder, "--configfile", config]
    run = subprocess.run(
        list(map(str, command)),
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-10_000:]
    return run.stdout
