"""Results that two work folders share through Snakemake's cache between workflows."""

import pytest
from workflow_copy import TINY, changed, copy_workflow, run, run_jobs

# Two seeds, which differ by a wildcard alone; SimCLR and features come along.
CONFIG = changed(TINY, "visual_genetic.seeds", [1, 2])
REGIMES = "results/tiny/visual_genetic/regimes"
FROZEN = [f"{REGIMES}/frozen/seed-{seed}/checkpoint.safetensors" for seed in (1, 2)]
TARGETS = [*FROZEN, f"{REGIMES}/control/seed-1/checkpoint.safetensors"]
SHARED = {"train_simclr", "train_frozen", "train_regime"}
LIBRARY = "workflow/lib/visgen"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(folder))
    return folder


def work_folder(path):
    path.mkdir(parents=True)
    return copy_workflow(path)


def run_scripts(folder):
    """Return the rules whose scripts have run: what is taken from the cache has an empty log."""
    logs = folder / "results/tiny/logs"
    written = [path for path in logs.rglob("*.log") if path.stat().st_size]
    return {path.relative_to(logs).parts[0] for path in written}


def shares(folder, rule):
    """Return what a dry run says of a rule's results, were it asked for again."""
    words = ("--cores", "2", "--dry-run", "--forcerun", rule, "--cache", "--", FROZEN[0])
    said = run(folder, CONFIG, *words).stdout
    return [line for line in said.splitlines() if "between-workflow cache" in line]


@pytest.mark.slow
def test_all_that_can_be_shared_is_accepted_by_the_cache(cache, tmp_path):
    folder = work_folder(tmp_path / "study")
    done = run(folder, TINY, "--cores", "2", "--dry-run", "--cache")
    assert done.returncode == 0, done.stdout
    kept = [line for line in done.stdout.splitlines() if "between-workflow cache" in line]
    assert all("will be written to" in line for line in kept)
    for name in ("simclr/test_resnet", "genetics/sgt", "genetics/inferred", "control", "frozen"):
        assert any(name in line for line in kept), name


@pytest.mark.slow
def test_a_second_work_folder_trains_nothing_again(cache, tmp_path):
    first, second = work_folder(tmp_path / "first"), work_folder(tmp_path / "far/away/second")
    run_jobs(first, CONFIG, "--cache", "--", *TARGETS)
    assert run_scripts(first) >= SHARED
    assert (first / FROZEN[0]).read_bytes() != (first / FROZEN[1]).read_bytes()

    run_jobs(second, CONFIG, "--cache", "--", *TARGETS)
    assert not run_scripts(second) & SHARED
    shared = [
        path.relative_to(first)
        for part in ("simclr", "visual_genetic/regimes")
        for path in (first / "results/tiny" / part).rglob("*.*")
    ]
    assert len(shared) == 2 + 3 * 4
    for path in shared:
        assert (second / path).read_bytes() == (first / path).read_bytes(), path

    taken = f"Output file {FROZEN[0]} will be obtained from global between-workflow cache."
    assert shares(second, "train_frozen") == [taken]
    # Other code is another result.
    library = second / LIBRARY / "visual_genetic/regimes/frozen.py"
    library.write_text(library.read_text() + "\n# edited\n")
    assert shares(second, "train_frozen") == [taken.replace("obtained from", "written to")]
