import re
from pathlib import Path

import pytest
from workflow_copy import rules_of

WORKFLOW = Path(__file__).parents[1] / "workflow"
RULES = {
    (path.name, name): body
    for path in sorted((WORKFLOW / "rules").glob("*.smk"))
    for name, body in rules_of(path).items()
}


def test_every_script_has_a_rule():
    scripts = {path.stem for path in (WORKFLOW / "scripts").glob("*.py")}
    assert {name for _, name in RULES} == scripts


@pytest.mark.parametrize(("file", "name"), sorted(RULES))
def test_a_rule_says_what_it_does_and_is_called_as_its_script_and_log(file, name):
    body = RULES[file, name]
    assert re.match(r' +"""[A-Z].*\.\n?', body), "a rule opens with what it does"
    assert f'"../scripts/{name}.py"' in body
    assert f'code_of("{name}.py"' in body, "an edit of the library must re-run it"
    if name not in ("fetch_weights", "unpack_weights"):  # weights are of no study
        assert f'"<logs>/{name}' in body
        assert "results/" not in body.replace("<results>/", ""), "paths begin with <results>"


def words_of(directive, text):
    """Return the names that stand in each block of a directive."""
    blocks = re.findall(rf"^ *{directive}:\n((?: +\w+,\n)+)", text, re.M)
    return {name for block in blocks for name in re.findall(r"\w+", block)}


LOCAL = {
    name
    for path in (WORKFLOW / "Snakefile", *(WORKFLOW / "rules").glob("*.smk"))
    for name in words_of("localrules", path.read_text())
}
# What takes long on its own, and is no part of a chain.
ALONE = {"train_embedding", "train_held_out", "train_fine_tuned", "train_prior", "train_naming"}
# What depends on its inputs and parameters alone, and is worth keeping for other studies.
SHARED = {"fetch_weights", "unpack_weights", "train_simclr", "embed_sequences", "infer_tree"}
SHARED |= {"train_regime", "train_frozen"}


@pytest.mark.parametrize(("file", "name"), sorted(RULES))
def test_a_rule_asks_for_threads_and_every_attempt_for_more_memory_and_time(file, name):
    body = RULES[file, name]
    for asked in (r"threads: \S", r"mem_mb=scaled\(\d+\),", r"runtime=scaled\(\d+\),"):
        assert re.search(rf"^ +{asked}", body, re.M), asked


@pytest.mark.parametrize(("file", "name"), sorted(RULES))
def test_a_rule_is_local_or_in_a_group_or_takes_long(file, name):
    places = [name in LOCAL, "group:\n" in RULES[file, name], name in ALONE]
    assert sum(places) == 1


@pytest.mark.parametrize(("file", "name"), sorted(RULES))
def test_a_shared_result_follows_from_what_the_cache_knows(file, name):
    body = RULES[file, name]
    assert ("cache: True" in body) == (name in SHARED)
    if name in SHARED:
        assert "benchmark:" not in body, "Snakemake refuses it: a result that is taken took no time"
        # Wildcards are no part of what a result is kept by, so two of them would be one.
        assert "wildcards" not in (WORKFLOW / "scripts" / f"{name}.py").read_text()


def test_the_profile_of_a_cluster_names_all_rules_whose_results_can_be_shared():
    profile = (WORKFLOW / "profiles/slurm/config.yaml").read_text()
    named = re.search(r"^# cache:.*\n#   \[((?:.|\n)*?)\]", profile, re.M)[1]
    assert set(re.findall(r"\w+", named)) == SHARED


FIRST = {"simulate_study", "ingest_specimens", "ingest_sequences", "fetch_weights"}
FIRST |= {"unpack_weights", "convert_weights", "ingest_unnamed"}
ASKS = r"of_s\w+\(|labels_of|taxa_of|[ =](?:SPECIMENS|IMAGE_TABLE|GROUPS|TAXONOMY)|ACCEPTED"
ASKS += r"|of_unnamed\(|\*\*NAMING_INPUTS"


@pytest.mark.parametrize(("file", "name"), sorted(RULES))
def test_what_follows_an_ingest_asks_for_it_and_is_no_checkpoint(file, name):
    text = (WORKFLOW / "rules" / file).read_text()
    assert ("checkpoint " + name in text) == name.startswith("ingest_")
    if name not in FIRST:
        assert re.search(ASKS, RULES[file, name]), "Snakemake plans anew only what asks"


@pytest.mark.parametrize("path", sorted((WORKFLOW / "rules").glob("*.smk")), ids=lambda p: p.name)
def test_a_rule_file_opens_with_what_it_is_for(path):
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# ")
    if path.name != "common.smk":
        head = " ".join(line[2:] for line in lines[: lines.index("")])
        assert "Needs " in head and "makes " in head
