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

from visgen.checks.files import STUDY_FILES, check_files
from visgen.checks.genetics import INFERRED
from visgen.checks.recognition import OVERRIDES, recognised_rank, training_of
from visgen.classifiers.options import BASELINE_METHODS
from visgen.configuration.reading import checked_config
from visgen.guidance.poolings import references

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
        "sequences": f"{SIMULATED}/sequences.fasta",
    }
    if INFERRED not in (INPUTS["tree"], INPUTS["distances"]):
        INPUTS["tree"] = f"{SIMULATED}/tree.nwk"
GENETICS = config["genetics"]
HAS_SEQUENCES = bool(INPUTS["sequences"])
INFERRED_TREE = GENETICS["tree"] and f"results/{config['dataset']}/genetics/tree.nwk"
# A tree that does not come from the sequences, with which the inferred one is compared.
TRUSTED_TREE = None
if INPUTS["tree_rank"] == INPUTS["sequence_rank"]:
    TRUSTED_TREE = (
        INPUTS["tree"] if config["simulation"] is None else f"{SIMULATED}/tree.nwk"
    )
# Whether phylogenetic distances come from the sequences themselves.
IS_INFERRED = INFERRED in (INPUTS["tree"], INPUTS["distances"])
for kind, path in (
    ("tree", INFERRED_TREE),
    ("distances", f"results/{config['dataset']}/genetics/distances.tsv"),
):
    if INPUTS[kind] == INFERRED:
        INPUTS[kind] = path
if TRUSTED_TREE == INFERRED:
    TRUSTED_TREE = None
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
# Models whose weights are learned here.
LEARNED = sorted(
    {
        backbone["model"]
        for backbone in config["backbones"].values()
        if backbone["weights"] == "simclr"
    }
)
SIMCLR_OPTIONS = {
    key: value
    for key, value in config["simclr"].items()
    if key not in ("image_size", "initial_weights")
}
VARIANTS = config["embedding"]["variants"]
GUIDED = [name for name, variant in VARIANTS.items() if variant["guidance"] is not None]
UNGUIDED = [name for name in VARIANTS if name not in GUIDED]
FINE_TUNED = [
    name for name in GUIDED if VARIANTS[name]["guidance"]["fine_tune"] is not None
]
FROZEN = [name for name in VARIANTS if name not in FINE_TUNED]
TUNING_OPTIONS = {
    "seed": config["embedding"]["seed"],
    "batch_size": config["features"]["batch_size"],
    "precision": config["features"]["precision"],
    "background": config["ingest"]["background"],
    "max_pixels": config["ingest"]["max_pixels"],
}
RANDOM = [name for name in UNGUIDED if VARIANTS[name]["pooling"] == "random"]
# Which unguided variant each is compared with.
REFERENCES = references(VARIANTS, config["embedding"]["reference"])
# How often a variant is fitted again under each null.
REFITS = {
    name: (
        config["embedding"]["refits"]
        if variant["guidance"] is None or variant["guidance"]["refits"] is None
        else variant["guidance"]["refits"]
    )
    for name, variant in VARIANTS.items()
}
# Recognition: what is compared, on which seeds, and by which anchors each is aligned.
RECOGNITION = config["visual_genetic"]
SCOPES = ["visual_genetic", "unseen_species", "unseen_genera"]
RECOGNITION_FIGURES = ["ablation", "tail", "change", "graph", "training"]
if RECOGNITION is not None:
    RECOGNISED = recognised_rank(config)
    RECOGNITION_SEEDS = RECOGNITION["seeds"] or SEEDS
    COMPARED = {
        name: {key: variant[key] for key in ("regime", "anchors", "permutations")}
        for name, variant in RECOGNITION["variants"].items()
    }
    ANCHORS_OF = {name: variant["anchors"] for name, variant in COMPARED.items()}
    REGIMES = list(dict.fromkeys(variant["regime"] for variant in COMPARED.values()))
    UNSEEN_VARIANTS = RECOGNITION["unseen"]["variants"] if RECOGNITION["unseen"] else []
HAS_TREE = bool(INPUTS["tree"] or INPUTS["distances"])


def one_of(names):
    """Return a pattern of names; without any it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    dataset=re.escape(config["dataset"]),
    backbone="|".join(map(re.escape, config["backbones"])),
    classifier="|".join(map(re.escape, config["classification"]["classifiers"])),
    variant="|".join(map(re.escape, config["embedding"]["variants"])),
    anchors=one_of(config["genetics"]["anchors"]),
    encoding="sgt|kmers",
    rank="|".join(INPUTS["ranks"]),
    model="|".join(
        re.escape(backbone["model"]) for backbone in config["backbones"].values()
    ),
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
    backbone = config["backbones"][wildcards.backbone]
    return given(_weights(backbone["model"], backbone["weights"]))


def _weights(model, weights):
    match weights:
        case "none":
            return None
        case "imagenet":
            return f"resources/weights/{model}.safetensors"
        case "simclr":
            return f"results/{config['dataset']}/simclr/{model}/weights.safetensors"
        case path:
            return path


def initial_weights_of(wildcards):
    """Return the weights file that SimCLR starts from, none for untrained weights."""
    return given(_weights(wildcards.model, config["simclr"]["initial_weights"]))


def trained_as(wildcards):
    """Return what a model that SimCLR trains is built with; its backbones agree on it."""
    backbone = next(
        backbone
        for backbone in config["backbones"].values()
        if backbone["model"] == wildcards.model and backbone["weights"] == "simclr"
    )
    preprocessing = {
        key: value
        for key, value in backbone["preprocessing"].items()
        if key in ("mean", "std")
    }
    return {
        "model": wildcards.model,
        "model_args": backbone["model_args"],
        "seed": config["simclr"]["seed"],
        "preprocessing": preprocessing | {"image_size": config["simclr"]["image_size"]},
    }


def weights_files():
    """Return the weights files of all backbones, and those that learning started from."""
    names = [
        (backbone["model"], backbone["weights"])
        for backbone in config["backbones"].values()
    ]
    names += [(model, config["simclr"]["initial_weights"]) for model in LEARNED]
    return sorted({path for name in names for path in given(_weights(*name))})


def feature_shards(wildcards):
    """Return all feature shards of a backbone: clean images, and views where asked for."""
    kinds = ["clean", "views"] if config["features"]["views"] else ["clean"]
    return expand(
        "results/{{dataset}}/features/{{backbone}}/{kind}-{shard}.parquet",
        kind=kinds,
        shard=SHARDS,
    )


def taxon_features(wildcards):
    """Return the feature shards of a variant: views too where it brings taxa to one size."""
    variant = VARIANTS[wildcards.variant]
    if variant["per_taxon"] is not None:
        return feature_shards(wildcards)
    return expand(
        "results/{{dataset}}/features/{{backbone}}/clean-{shard}.parquet", shard=SHARDS
    )


def threads_of(wildcards):
    """Return one thread for pooled vectors, which are few; images in bags are worth more."""
    learned = "attention" in VARIANTS[wildcards.variant]["pooling"]
    return config["compute"]["threads"] if learned else 1


def gpu_of(wildcards):
    """Return whether a variant has use for a GPU: pooled vectors are few and stay outside."""
    return int("attention" in VARIANTS[wildcards.variant]["pooling"])


def refits_of(wildcards):
    """Return how often a variant is fitted again under each null."""
    return REFITS[wildcards.variant]


def guidance_of(wildcards):
    """Return a variant without what only its refits take."""
    variant = VARIANTS[wildcards.variant]
    guidance = variant["guidance"] and {
        key: value for key, value in variant["guidance"].items() if key != "refits"
    }
    return {**variant, "guidance": guidance}


def tree_distances(wildcards):
    """Return the distances between tips; none without a tree."""
    path = f"results/{wildcards.dataset}/distances/{INPUTS['tree_rank']}.tsv"
    return given(path if HAS_TREE else None)


def sequenced_distances(wildcards):
    """Return the distances between tips where these are of the sequenced rank; else none."""
    same = INPUTS["tree_rank"] == INPUTS["sequence_rank"]
    return tree_distances(wildcards) if same else []


def encoding_of(wildcards):
    """Return how sequences become vectors."""
    return GENETICS[wildcards.encoding]


def anchors_of(wildcards):
    """Return the options of a set of anchors."""
    return GENETICS["anchors"][wildcards.anchors]


def anchor_vectors(wildcards):
    """Return the vectors that a set is made of; a control takes its shape and taxa from them."""
    source = anchors_of(wildcards)["source"]
    encoding = source if source == "kmers" else "sgt"
    return f"results/{wildcards.dataset}/genetics/{encoding}.npz"


def anchor_distances(wildcards):
    """Return the distances that anchors are made of; none where they are made of others."""
    of_tree = anchors_of(wildcards)["source"] == "tree"
    return sequenced_distances(wildcards) if of_tree else []


def withheld_in(wildcards):
    """Return the table of withheld taxa; none where all are trained on."""
    path = f"results/{wildcards.dataset}/visual_genetic/withheld.tsv"
    return given(path if wildcards.scope != SCOPES[0] else None)


def recognition_weights(wildcards):
    """Return the weights file that networks start from, none for untrained ones."""
    backbone = config["backbones"][RECOGNITION["backbone"]]
    return given(_weights(backbone["model"], backbone["weights"]))


def regime_options(wildcards):
    """Return how a regime's network is built and trained."""
    keys = ("image_size", "colour", "hidden", "size")
    options = {key: RECOGNITION[key] for key in keys}
    return options | training_of(wildcards.regime, RECOGNITION)


def regime_folder(wildcards):
    """Return the folder of the regime that a variant goes on from."""
    regime = COMPARED[wildcards.variant]["regime"]
    folder = f"results/{wildcards.dataset}/{wildcards.scope}/regimes/{regime}"
    return f"{folder}/seed-{wildcards.seed}"


def regime_checkpoint(wildcards):
    """Return the weights of a variant's regime."""
    return f"{regime_folder(wildcards)}/checkpoint.safetensors"


def regime_pooled(wildcards):
    """Return the features that a variant's regime makes of images, and of views to align by."""
    names = ["pooled"]
    if anchors_name(wildcards) and RECOGNITION["alignment"]["views"]:
        names.append("views")
    return [f"{regime_folder(wildcards)}/{name}.npz" for name in names]


def anchors_name(wildcards):
    """Return the set of anchors that a variant is aligned to, None for none."""
    return ANCHORS_OF[wildcards.variant]


def variant_anchors(wildcards):
    """Return the anchors that a variant is aligned to, none for none."""
    name = anchors_name(wildcards)
    folder = f"results/{wildcards.dataset}/genetics/anchors"
    return given(f"{folder}/{name}.npz" if name else None)


def variant_options(wildcards):
    """Return how a variant is aligned and asked for taxa."""
    variant = RECOGNITION["variants"][wildcards.variant]
    asked = {"neighbours": RECOGNITION["neighbours"]}
    if variant["anchors"] is None:  # no option of an alignment re-runs it
        return asked | {"layer": "none"}
    own = {key: variant[key] for key in OVERRIDES if variant[key] is not None}
    aligned = RECOGNITION["alignment"] | own
    return asked | aligned | {"permutations": variant["permutations"]}


def recognition_results(wildcards):
    """Return tables and figures of recognition; none where it is not asked for."""
    if RECOGNITION is None:
        return {}
    folder = f"results/{wildcards.dataset}/visual_genetic"
    return {
        "recognition_figures": [f"{folder}/{name}.png" for name in RECOGNITION_FIGURES],
        "recognition_omitted": expand(
            "{folder}/{variant}/seed-{seed}/omitted.tsv",
            folder=folder,
            variant=COMPARED,
            seed=RECOGNITION_SEEDS,
        ),
        "recognition_impossible": given(
            UNSEEN_VARIANTS and f"{folder}/withheld.omitted.tsv"
        ),
        "recognition_published": given(config["published"]),
    }


def recognition_settings(wildcards):
    """Return what the report says of how taxa were recognised; None where they were not."""
    if RECOGNITION is None:
        return None
    settings = {key: RECOGNITION[key] for key in ("tail", "head", "bootstraps")}
    return settings | {"rank": RECOGNISED, "variants": COMPARED}


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
    if HAS_SEQUENCES:
        tables.append(f"results/{wildcards.dataset}/genetics/scores.tsv")
    if RECOGNITION is not None:
        tables.append(f"results/{wildcards.dataset}/visual_genetic/scores.tsv")
    if HAS_TREE:
        tables += expand(
            "results/{{dataset}}/embedding/{backbone}/{table}.tsv",
            backbone=config["backbones"],
            table=["scores", "held_out"],
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


def simclr_results(wildcards):
    """Return histories and figures of the weights learned without labels; none without any."""
    return {
        key: expand(
            "results/{dataset}/simclr/{model}/{file}",
            dataset=wildcards.dataset,
            model=LEARNED,
            file=file,
        )
        for key, file in (
            ("simclr_histories", "history.tsv"),
            ("simclr_figures", "history.png"),
        )
    }


def genetics_results(wildcards):
    """Return tables and figures of the sequences; none without any."""
    if not HAS_SEQUENCES:
        return {}
    folder = f"results/{wildcards.dataset}/genetics"
    results = {
        "sequences": f"{folder}/sequences.tsv",
        "unmatched": f"{folder}/unmatched.tsv",
        "sequence_figure": f"{folder}/sequences.png",
        "anchor_figure": f"{folder}/anchors.png",
        "anchor_tables": [
            f"{folder}/anchors/{name}.tsv" for name in GENETICS["anchors"]
        ],
        "anchor_files": [
            f"{folder}/anchors/{name}.npz" for name in GENETICS["anchors"]
        ],
    }
    if INFERRED_TREE:
        results |= {
            "tree_figure": f"{folder}/tree.png",
            "tree_model": f"{folder}/model.tsv",
        }
    if GENETICS["distances"]:
        results["sequence_distances"] = f"{folder}/distances.tsv"
    return results


def embedding_results(wildcards):
    """Return the figures of the taxon vectors, and what had to be left out; none without a tree."""
    if not HAS_TREE:
        return {}
    folder = f"results/{wildcards.dataset}"
    distances = f"{folder}/distances/{INPUTS['tree_rank']}"
    backbones = [f"{folder}/embedding/{backbone}" for backbone in config["backbones"]]
    return {
        "distance_figure": f"{distances}.png",
        "missing": f"{distances}.missing.tsv",
        "few_images": f"{folder}/embedding/few_images.tsv",
        "folds_omitted": f"{folder}/embedding/folds.omitted.tsv",
        "embedding_omitted": [f"{path}/omitted.tsv" for path in backbones],
        "held_out_figures": [f"{path}/held_out.png" for path in backbones],
        "guidance_figures": [f"{path}/guidance.png" for path in backbones if GUIDED],
        "fits": expand("{path}/{variant}/fit.tsv", path=backbones, variant=GUIDED),
        "embedding_figures": expand(
            "{path}/{variant}/distances.png", path=backbones, variant=VARIANTS
        ),
        "pair_figures": expand(
            "{path}/{variant}/held_out.png", path=backbones, variant=VARIANTS
        ),
    }
