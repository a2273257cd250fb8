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
