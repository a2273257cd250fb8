"""The workflow as a module of another one, fetched by name from a git repository."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from workflow_copy import TINY, copy_workflow, planned_jobs, run_environment

REPOSITORY = Path(__file__).parents[1]
MODULE = """
configfile: "settings/birds.yaml"


module visgen:
    snakefile:
        {source}
    config:
        config


use rule * from visgen{renamed}
"""
FETCHED = ".snakemake/visgen/workflow"
#: What the first of all jobs makes.
MADE = "resources/simulated/tiny/meta.csv"


def git(folder, *words):
    identity = ["-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True)


def commit(repository):
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "change")


class Deployed:
    """A folder in which somebody runs the workflow by name, and the repository that it is in."""

    def __init__(self, folder):
        self.repository, self.folder = folder / "visgen", folder / "study"
        self.repository.mkdir()
        copy_workflow(self.repository)
        git(self.repository, "init", "-q", "-b", "main")
        commit(self.repository)
        (self.folder / "settings").mkdir(parents=True)
        (self.folder / "settings/birds.yaml").write_text(yaml.safe_dump(TINY))
        self.local = f'"git+file://{self.repository}/workflow/Snakefile@main"'
        self.ask(self.local)

    def ask(self, source, renamed=""):
        text = MODULE.format(source=source, renamed=renamed)
        (self.folder / "Snakefile").write_text(text)

    def run(self, *words, **environment):
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *words, "--cores", "2"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=run_environment() | environment,
        )

    def plan(self, *words, **environment):
        return planned_jobs(self.run(*words, "--dry-run", **environment))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    deployed = Deployed(tmp_path_factory.mktemp("deployed"))
    done = deployed.run(MADE)
    assert done.returncode == 0, done.stdout[-3000:]
    return deployed


@pytest.mark.slow
def test_a_workflow_that_is_named_by_its_repository_runs_with_its_library(deployed):
    assert (deployed.folder / MADE).is_file()
    jobs = deployed.plan()
    assert {"write_report", "train_naming", "train_simclr"} <= set(jobs)
    assert "simulate_study" not in jobs
    assert (deployed.folder / FETCHED / "lib/visgen/__init__.py").is_file()
    assert (deployed.folder / ".snakemake/visgen/envs/torch.yaml").is_file()


@pytest.mark.slow
def test_a_new_version_runs_what_it_changed_alone(deployed):
    changed = deployed.repository / "workflow/lib/visgen/simulate/traits.py"
    changed.write_text(changed.read_text() + "\n# new\n")
    unused = deployed.repository / "workflow/lib/visgen/naming/odds.py"
    unused.unlink()
    commit(deployed.repository)
    assert deployed.plan(MADE) == {"simulate_study": 1}
    assert not (deployed.folder / FETCHED / "lib/visgen/naming/odds.py").exists()
    git(deployed.repository, "revert", "--no-edit", "HEAD")
    assert deployed.plan(MADE) == {}
    assert (deployed.folder / FETCHED / "lib/visgen/naming/odds.py").is_file()


@pytest.mark.slow
def test_its_rules_may_be_renamed(deployed):
    deployed.ask(deployed.local, " as looks_*")
    jobs = deployed.plan("results/tiny/naming/specimens.tsv")
    deployed.ask(deployed.local)
    assert {"looks_train_naming", "looks_ingest_specimens"} <= set(jobs)
    assert all(name.startswith("looks_") for name in jobs)


@pytest.mark.slow
def test_a_tag_on_a_host_is_taken_as_the_host_has_it(deployed):
    cache = deployed.folder / "cache"
    git(deployed.repository, "tag", "v9.9")
    # What a first use leaves there, so that none of these asks the host.
    clone = cache / "snakemake/snakemake/source-cache/snakemake-git-cache/github.com/o/visgen"
    clone.parent.mkdir(parents=True)
    git(deployed.folder, "clone", "-q", "--bare", deployed.repository, clone)
    deployed.ask('github("o/visgen", path="workflow/Snakefile", tag="v9.9")')
    jobs = deployed.plan(MADE, XDG_CACHE_HOME=str(cache))
    deployed.ask(deployed.local)
    assert jobs == {}


# --- the catalog -------------------------------------------------------------------------------


def test_the_catalog_finds_what_it_asks_for():
    told = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert told["software-stack-deployment"]["conda"] is True and told["report"] is True
    assert set(told["mandatory-flags"]) == {"desc", "flags"}
    text = (REPOSITORY / "config/README.md").read_text()
    assert not re.search(r"^# ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    assert (REPOSITORY / ".test/config/config.yaml").resolve() == REPOSITORY / "tests/tiny.yaml"
    assert 'report: "report/workflow.rst"' in (REPOSITORY / "workflow/Snakefile").read_text()
