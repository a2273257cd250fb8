"""Every rule in an environment of its own, made from envs/ and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from modulefinder import ModuleFinder
from pathlib import Path

import pytest
import yaml
from visgen.features import bundled
from workflow_copy import REPOSITORY, every_rule, rules_of, write_config

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent
LIBRARY = REPOSITORY / "workflow/lib"
UV = Path(sys.executable).with_name("uv")
ENVS, TEMPLATES = REPOSITORY / "envs", REPOSITORY / "workflow/report"
ENVIRONMENTS = sorted(ENVS.glob("*.yaml"))
# Rules that no simulated study reaches: one needs a network, one a CLIP model.
NOT_RUN = {"fetch_weights", "convert_weights"}
# What a module is called in conda, where its name is another.
PACKAGES = {
    "Bio": "biopython",
    "PIL": "pillow",
    "pytorch_metric_learning": "pytorch-metric-learning",
    "imblearn": "imbalanced-learn",
    "matplotlib": "matplotlib-base",
    "seaborn": "seaborn-base",
    "skbio": "scikit-bio",
    "sklearn": "scikit-learn",
    "torch": "pytorch",
    "yaml": "pyyaml",
}
# Imported by no module of ours: the interpreter, what pandas reads Parquet with, what sgt needs and
# does not say, weights and a script that are found without an import, and programs.
IMPLIED = {"python", "pyarrow", "pandas", "pip", "iqtree", "mafft", "modeltest-ng", "raxml-ng"}
IMPLIED |= {"itables"}
IMPLIED |= {bundled.DISTRIBUTION}


def rules():
    """Return the environment file and the script of every rule, by its name."""
    paths = re.compile(r"/envs/(\S+\.yaml).*?/scripts/(\S+\.py)", re.S)
    files = (REPOSITORY / "workflow/rules").glob("*.smk")
    bodies = {name: body for file in files for name, body in rules_of(file).items()}
    return {name: found.groups() for name, body in bodies.items() if (found := paths.search(body))}


def packages_listed(file):
    """Return the names of an environment's packages, those that pip installs among them."""
    listed = yaml.safe_load(file.read_text())["dependencies"]
    of_pip = [requirement for d in listed if isinstance(d, dict) for requirement in d["pip"]]
    return {re.match(r"[\w.-]+", d)[0] for d in listed + of_pip if isinstance(d, str)}


def packages_imported(script):
    """Return the packages, as conda calls them, that a script and the modules it reaches import."""
    finder = ModuleFinder(path=[str(LIBRARY)])
    finder.run_script(str(REPOSITORY / "workflow/scripts" / script))
    modules = {name.split(".")[0] for name in finder.badmodules} - set(sys.stdlib_module_names)
    return {PACKAGES.get(module, module) for module in modules}


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.stem)
def test_an_environment_lists_what_its_rules_import_and_no_more(file):
    scripts = [script for environment, script in rules().values() if environment == file.name]
    listed = packages_listed(file)
    imported = set().union(*map(packages_imported, scripts))
    assert imported <= listed
    assert listed - imported <= IMPLIED


def test_what_is_found_without_an_import_is_in_the_environment_that_looks_for_it():
    environment, script = rules()["unpack_weights"]
    assert "visgen.features.bundled" in (REPOSITORY / "workflow/scripts" / script).read_text()
    assert bundled.DISTRIBUTION in packages_listed(ENVS / environment)
    assert version(bundled.DISTRIBUTION)
    environment, _ = rules()["write_report"]
    brought = re.findall(r'library\("(\w+)"', (TEMPLATES / "report.html.jinja").read_text())
    assert brought == ["itables"] and set(brought) <= packages_listed(ENVS / environment)
    assert bundled.DISTRIBUTION.replace("-", "_") == bundled.PACKAGE


@pytest.fixture
def scratch(tmp_path):
    """Return a folder whose environments, several gigabytes, are gone after the test."""
    yield tmp_path
    for name in ("host", "environments"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)


def test_every_rule_runs_in_its_own_environment(scratch):
    # A rule's Python falls back on the packages beside Snakemake: those of the tests' environment
    # would hide what a file lacks. So Snakemake runs from one with nothing but its own needs.
    host = scratch / "host"
    subprocess.run([UV, "--quiet", "venv", "--python", sys.executable, host], check=True)
    install = [UV, "--quiet", "pip", "install", "--python", host / "bin/python"]
    subprocess.run([*install, f"snakemake=={version('snakemake')}"], check=True)
    missing = subprocess.run([host / "bin/python", "-c", "import numpy"], capture_output=True)
    assert b"No module named 'numpy'" in missing.stderr

    path = [TESTS / "conda/bin", host / "bin", UV.parent, os.environ["PATH"]]
    environment = os.environ | {"PATH": os.pathsep.join(map(str, path))}
    # Fresh packages are compiled once, not in every job, and nothing is written beside the code.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
    command = [host / "bin/snakemake", "--cores", "2", "--resources", "gpu=1", "--sdm", "conda"]
    command += ["--conda-prefix", scratch / "environments"]
    command += ["--snakefile", REPOSITORY / "Snakefile"]
    write_config(scratch, every_rule())
    command += ["--directory", scratch, "--configfile", scratch / "study.yaml"]
    command += ["--", "all", "publish"]
    run = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout[-5_000:] + run.stderr[-10_000:]
    assert (scratch / "results/tiny/report/report.html").stat().st_size > 0
    ran = set(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):", run.stderr, flags=re.MULTILINE))
    assert ran - {"all", "plot_embedding_1"} == set(rules()) - NOT_RUN
    made = sorted((scratch / "environments").glob("*/bin/python"))
    assert len(made) == len(ENVIRONMENTS)
