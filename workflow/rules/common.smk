# The plan of the study, where its files lie, and which code a script needs. All rule files use these.

import copy
import functools
import inspect
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.jobs import GroupJob, GroupJobFactory
from snakemake.logging import logger

# Snakemake starts scripts by a line of shell in which Python's path is not quoted (snakemake#2645).
if Path(sys.executable).exists():
    sys.executable = shlex.quote(sys.executable)

# It keeps groups of jobs between plans, and where a later plan joins others to one, these would be
# submitted both in it and alone (9.27.1): every plan makes its groups anew.
GroupJobFactory.new = lambda self, name, jobs, resources: GroupJob(
    name, frozenset(jobs), resources
)

# It fills in what stands in braces, also in the path of the workflow; colons part paths of Python.
HERE = str(Path(str(workflow.current_basedir)).parent.parent)
if signs := [sign for sign in "{}:" if sign in HERE]:
    raise WorkflowError(
        f"the workflow lies in {HERE!r}, expected a path without {' '.join(signs)}; "
        "rename the folder"
    )

WORKFLOW = Path(os.path.relpath(Path(str(workflow.current_basedir)).parent))
LIBRARY = WORKFLOW / "lib"
sys.path.insert(0, str(LIBRARY))

from visgen.configuration.checks.contents import check_contents
from visgen.configuration.checks.models import check_models
from visgen.configuration.checks.paths import check_files
from visgen.configuration.code import reached_modules
from visgen.configuration.parsing import check_file
from visgen.configuration.plan import Plan, given
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.publishing.checkout import checkout_files
from visgen.prior.figure_names import FIGURES as PRIOR_FIGURES
from visgen.visual_genetic.regimes.options import FROZEN, REGIMES
from visgen.visual_genetic.figure_names import FIGURES as VISUAL_GENETIC_FIGURES
from visgen.visual_genetic.scopes import SCOPES
from visgen.specimens.inventory import inventory

try:
    for path in workflow.configfiles or ["config/config.yaml"]:
        check_file(path)
except ValueError as error:
    raise WorkflowError(str(error)) from None

if not workflow.overwrite_configfiles:

    # A study of one's own replaces the default one; merged, they would be neither.
    configfile: "config/config.yaml"


# As it was given; below, defaults are filled in.
ASKED = copy.deepcopy(config)

try:
    config = checked_config(
        config, load_schema(WORKFLOW / "schemas/config.schema.yaml")
    )
    if workflow.is_main_process:
        check_files(config)
        check_contents(config)
        check_models(config["backbones"])
except ValueError as error:
    raise WorkflowError(str(error)) from None

plan = Plan(config)

# Where and how fast, not what: through the environment, so that a change re-runs nothing.
os.environ.update(
    PYTHONPATH=str(LIBRARY.resolve()),
    VISGEN_THREADS=str(config["compute"]["threads"]),
    VISGEN_WORKERS=str(config["compute"]["workers"]),
    VISGEN_FEATURE_STORE=config["features"]["store"],
    VISGEN_IMAGES=plan.inputs["images"],
    VISGEN_UNNAMED=(plan.naming and plan.naming.images) or "",
    MPLBACKEND="Agg",
)

INPUTS, GENETICS = plan.inputs, config["genetics"]
RANKS = INPUTS["ranks"]


# <results>, <logs> and <benchmarks> in the paths of rules; a study is one dataset.
pathvars:
    results=plan.results,
    logs=f"{plan.results}/logs",
    benchmarks=f"{plan.results}/benchmarks",


def without_code(record):
    """Leave the files of the workflow, which are many, out of what is said of a job."""
    if isinstance(getattr(record, "input", None), list):
        record.input = [
            path for path in record.input if WORKFLOW not in Path(path).parents
        ]
    return True


def without_offers(record):
    """Leave out what Snakemake says of every rule that could share results, at every start."""
    return "is eligible for caching between workflows" not in record.getMessage()


logger.addFilter(without_code)
logger.addFilter(without_offers)


def one_of(names):
    """Return a pattern of names; without any it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    backbone=one_of(config["backbones"]),
    classifier=one_of(plan.classification.classifiers),
    variant=one_of(plan.embedding.variants),
    anchors=one_of(GENETICS["anchors"]),
    encoding=one_of(plan.encodings),
    rank=one_of(RANKS),
    model=one_of(plan.features.models),
    seed=r"\d+",
    shard=r"\d+",


def by_wildcards(method):
    """Return an input function that asks the plan, by the wildcards that its method names."""
    names = inspect.signature(method).parameters
    return lambda wildcards: method(**{name: wildcards[name] for name in names})


# A job that is submitted has one GPU, which the rules of its group use one after the other. Where it
# is submitted, the profile says so; it is not told to the job itself.
resource_scopes:
    gpu="local",


if workflow.remote_exec:
    workflow.register_resource("gpu", 1)


def scaled(amount):
    """Return a resource that is asked for again, and as much more, by every further attempt."""
    return lambda wildcards, attempt: attempt * amount


def inventory_of(folder, wing="specimens"):
    """Return a digest of a folder of images, by which a new or changed image is noticed."""
    name = config["dataset"] if wing == "specimens" else f"{config['dataset']}/{wing}"
    cache = f".snakemake/inventory/{name}.tsv"
    return inventory(folder, cache, f"{plan.results}/{wing}/images.tsv")


def of_specimens(paths):
    """Return an input function for files of ingest_specimens, by path or by wildcards.

    A rule that asks so runs again where their bytes have changed, not where they were only made
    again. Snakemake plans anew only what asks for a checkpoint itself: every rule after an ingest
    asks, for no file if need be, and no checkpoint follows from another.
    """

    def ask(wildcards):
        checkpoints.ingest_specimens.get()
        if plan.is_inferred:
            checkpoints.ingest_sequences.get()
        return paths(wildcards) if callable(paths) else paths

    return ask


def of_sequences(paths):
    """Return the same for files of ingest_sequences; none without sequences."""

    def ask(wildcards):
        if not plan.has_sequences:
            return []
        checkpoints.ingest_sequences.get()
        return paths

    return ask


def of_unnamed(paths):
    """Return the same for files of ingest_unnamed; none without photographs to name."""

    def ask(wildcards):
        checkpoints.ingest_specimens.get()
        if not (plan.naming and plan.naming.images):
            return []
        checkpoints.ingest_unnamed.get()
        return paths

    return ask


SPECIMENS, IMAGE_TABLE, GROUPS, TAXONOMY = (
    of_specimens(f"{plan.results}/specimens/{name}")
    for name in ("specimens.parquet", "images.tsv", "groups.parquet", "taxonomy.tsv")
)
SEQUENCE_TABLE, ACCEPTED = (
    of_sequences(f"{plan.results}/genetics/{name}")
    for name in ("sequences.tsv", "accepted.fasta")
)


def labels_of(*ranks):
    """Return an input function for the specimen and the taxon of each image, a table a rank."""
    folder = f"{plan.results}/specimens/labels"
    return of_specimens([f"{folder}/{rank}.parquet" for rank in ranks])


def taxa_of(rank):
    """Return an input function for the names of a rank."""
    return of_specimens(f"{plan.results}/specimens/taxa/{rank}.tsv")


@functools.cache
def code_of(script):
    """Return the library files that a script reaches, so that an edit re-runs its rule."""
    modules = reached_modules(WORKFLOW / "scripts" / script, LIBRARY)
    if not modules:
        raise WorkflowError(
            f"{script}: no library file is reached, so no edit would be noticed"
        )
    return list(map(str, modules))


def of_variants(file, names):
    """Return an input function for a file of each variant that is made of a backbone."""
    return lambda wildcards: plan.embedding.files(file, names, [wildcards.backbone])


def of_checkout(wildcards):
    """Return the files of the workflow that go into an archive."""
    return [str(WORKFLOW.parent / name) for name in checkout_files(WORKFLOW.parent)]
