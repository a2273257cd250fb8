# Configuration, paths and input functions; no rule, no science.

import functools
import hashlib
import os
import re
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

WORKFLOW = Path(os.path.relpath(Path(str(workflow.current_basedir)).parent))
LIBRARY = WORKFLOW / "lib"
sys.path.insert(0, str(LIBRARY))

from visgen.configuration import checked_config
from visgen.study_checks import BASELINE_METHODS, check_files

try:
    config = checked_config(
        config, yaml.safe_load((WORKFLOW / "schemas/config.schema.yaml").read_text())
    )
    check_files(config)
except ValueError as error:
    raise WorkflowError(str(error)) from None

# Where and how fast, not what: through the environment, so that a change re-runs nothing.
os.environ.update(
    PYTHONPATH=str(LIBRARY.resolve()),
    VISGEN_THREADS=str(config["compute"]["threads"]),
    VISGEN_WORKERS=str(config["compute"]["workers"]),
    VISGEN_FEATURE_STORE=config["features"]["store"],
    MPLBACKEND="Agg",
)

INPUTS = config["inputs"]
SIMULATED = f"resources/simulated/{config['dataset']}"
if config["simulation"] is not None:
    INPUTS |= {
        "images": f"{SIMULATED}/images",
        "meta": f"{SIMULATED}/meta.csv",
        "tree": f"{SIMULATED}/tree.nwk",
        "sequences": f"{SIMULATED}/sequences.fasta",
    }
SEEDS = config["splits"]["seeds"]
SHARDS = range(config["features"]["shards"])
CLASSIFIED = config["classification"]["ranks"] or INPUTS["ranks"]
CLASSIFIERS = list(config["classification"]["classifiers"])
BASELINES = [
    name
    for name, classifier in config["classification"]["classifiers"].items()
    if classifier["method"] in BASELINE_METHODS
]
# Without any that sees the images, the baselines are all there is to compare.
CANDIDATES = [name for name in CLASSIFIERS if name not in BASELINES] or CLASSIFIERS
REFERENCE = config["classification"]["reference"] or CANDIDATES[0]
HAS_TREE = bool(INPUTS["tree"] or INPUTS["distances"])


wildcard_constraints:
    dataset=re.escape(config["dataset"]),
    backbone="|".join(map(re.escape, config["backbones"])),
    classifier="|".join(map(re.escape, config["classification"]["classifiers"])),
    variant="|".join(map(re.escape, config["embedding"]["variants"])),
    rank="|".join(INPUTS["ranks"]),
    seed=r"\d+",
    shard=r"\d+",


@functools.cache
def code_of(script):
    """Return the library files that a script reaches, so that an edit re-runs its rule."""
    finder = ModuleFinder(path=[str(LIBRARY)])
    finder.run_script(str(WORKFLOW / "scripts" / script))
    library = LIBRARY.resolve()
    files = [
        Path(module.__file__) for module in finder.modules.values() if module.__file__
    ]
    reached = [os.path.relpath(f) for f in files if f.resolve().is_relative_to(library)]
    if not reached:
        raise WorkflowError(
            f"{script}: no library file is reached, so no edit would be noticed"
        )
    return sorted(reached)


def inventory(wildcards):
    """Return a digest of the image folder's listing, so that a new or changed file is noticed."""
    if config["simulation"] is not None:
        return "simulated"
    listing, seen = hashlib.sha256(), set()
    for folder, folders, files in os.walk(INPUTS["images"], followlinks=True):
        if os.path.realpath(folder) in seen:  # a link back to a folder above
            folders.clear()
            continue
        seen.add(os.path.realpath(folder))
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            stat = os.lstat(path) if not os.path.exists(path) else os.stat(path)
            entry = f"{os.path.relpath(path, INPUTS['images'])}\t{stat.st_size}\t{stat.st_mtime_ns}"
            listing.update(entry.encode(errors="surrogateescape") + b"\n")
    return listing.hexdigest()


def given(path):
    """Return a path as a list: empty where the study has no such file."""
    return [path] if path else []


def weights_of(wildcards):
    """Return the weights file of a backbone, none for an untrained one."""
    return given(_weights(config["backbones"][wildcards.backbone]))


def _weights(backbone):
    match backbone["weights"]:
        case "none":
            return None
        case "imagenet":
            return f"resources/weights/{backbone['model']}.safetensors"
        case path:
            return path


def weights_files():
    """Return the weights files of all backbones."""
    names = [
        path
        for backbone in config["backbones"].values()
        for path in given(_weights(backbone))
    ]
    return sorted(set(names))


def feature_shards(wildcards):
    """Return all feature shards of a backbone: clean images, and views where asked for."""
    kinds = ["clean", "views"] if config["features"]["views"] else ["clean"]
    return expand(
        "results/{{dataset}}/features/{{backbone}}/{kind}-{shard}.parquet",
        kind=kinds,
        shard=SHARDS,
    )


def tree_distances(wildcards):
    """Return the distances between tips; none without a tree."""
    path = f"results/{wildcards.dataset}/distances/{INPUTS['tree_rank']}.tsv"
    return given(path if HAS_TREE else None)


def backbone_comparison(wildcards):
    """Return the table that compares backbones; none where there is one backbone."""
    path = f"results/{wildcards.dataset}/classification/backbones.tsv"
    return given(path if len(config["backbones"]) > 1 else None)


def score_tables(wildcards):
    """Return every table of scores that the study makes."""
    tables = expand(
        "results/{{dataset}}/classification/{backbone}/{table}.tsv",
        backbone=config["backbones"],
        table=["scores", "confidence"],
    )
    tables += backbone_comparison(wildcards)
    if HAS_TREE:
        tables += expand(
            "results/{{dataset}}/embedding/{backbone}/scores.tsv",
            backbone=config["backbones"],
        )
    return tables


def classification_results(wildcards):
    """Return tables and figures of the classifiers, and what they had to leave out."""
    figures = ["scores", "taxa", "confidence"]
    figures += [f"confusion-{rank}" for rank in CLASSIFIED]
    names = {
        "dataset": wildcards.dataset,
        "backbone": list(config["backbones"]),
        "classifier": CLASSIFIERS,
        "figure": figures,
    }
    patterns = {
        "chosen": "results/{dataset}/classification/{backbone}/chosen.tsv",
        "confidence_omitted": "results/{dataset}/classification/{backbone}/confidence.omitted.tsv",
        "classification_figures": "results/{dataset}/classification/{backbone}/{figure}.png",
        "classification_omitted": "results/{dataset}/classification/{backbone}/{classifier}/omitted.tsv",
        "tuning": "results/{dataset}/classification/{backbone}/{classifier}/tuning.tsv",
    }
    results = {
        key: list(dict.fromkeys(expand(pattern, **names)))
        for key, pattern in patterns.items()
    }
    return results | {"published": given(config["published"])}


def embedding_results(wildcards):
    """Return the figures of the taxon vectors, and what had to be left out; none without a tree."""
    if not HAS_TREE:
        return {}
    distances = f"results/{wildcards.dataset}/distances/{INPUTS['tree_rank']}"
    return {
        "distance_figure": f"{distances}.png",
        "missing": f"{distances}.missing.tsv",
        # The same for every backbone and variant: it depends on the numbers of images alone.
        "few_images": expand(
            "results/{dataset}/embedding/{backbone}/{variant}/omitted.tsv",
            dataset=wildcards.dataset,
            backbone=list(config["backbones"])[:1],
            variant=list(config["embedding"]["variants"])[:1],
        )[0],
        "embedding_figures": expand(
            "results/{dataset}/embedding/{backbone}/{variant}/distances.png",
            dataset=wildcards.dataset,
            backbone=config["backbones"],
            variant=config["embedding"]["variants"],
        ),
        "embedding_omitted": expand(
            "results/{dataset}/embedding/{backbone}/omitted.tsv",
            dataset=wildcards.dataset,
            backbone=config["backbones"],
        ),
    }
