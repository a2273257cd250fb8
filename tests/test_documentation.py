import re
from pathlib import Path

import pytest
import yaml
from visgen.configuration.key_table import END, START, with_key_table
from visgen.configuration.schema import load_schema

REPOSITORY = Path(__file__).parents[1]


def test_the_table_of_keys_is_that_of_the_schema():
    text = (REPOSITORY / "config" / "README.md").read_text()
    schema = load_schema(REPOSITORY / "workflow/schemas/config.schema.yaml")
    is_fresh = text == with_key_table(text, schema)
    assert is_fresh, "config/README.md is older than the schema or its words: run make docs"
    assert text.count("\n| `") > 180


def test_a_key_has_its_meaning_its_values_and_its_default():
    number = {"description": "Of <all>.", "type": ["number", "null"], "exclusiveMinimum": 0}
    step = {"description": "A step.", "enum": ["a", "b"]}
    steps = {"description": "Steps.", "type": "array", "items": step, "default": ["a"]}
    entry = {"description": "One.", "type": "object", "properties": {"steps": steps}}
    section = {
        "description": "Entries.",
        "type": "object",
        "required": ["limit"],
        "properties": {"limit": number},
        "patternProperties": {"^[a-z]$": entry},
    }
    schema = {"properties": {"part": section | {"default": {}}, "one": step | {"default": "b"}}}
    found = with_key_table(f"before\n{START}\nold\n{END}\nafter", schema)
    rows = [
        "before",
        START,
        "",
        "| key | meaning | value | default |",
        "| --- | --- | --- | --- |",
        "| `part` | Entries. | section |  |",
        r"| `part.limit` | Of \<all>. | number > 0 or nothing | **needed** |",
        r'| `part.<name>.steps` | Steps. | list of `a` \| `b` | `["a"]` |',
        r'| `one` | A step. | `a` \| `b` | `"b"` |',
        "",
        END,
        "after",
    ]
    assert found.split("\n") == rows


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="the page lacks the lines <!-- keys"):
        with_key_table(f"{START} alone", {})


def test_readme_calls_what_the_makefile_has():
    makefile = (REPOSITORY / "Makefile").read_text()
    readme = (REPOSITORY / "README.md").read_text()
    for target in ("demo", "test", "test-slow", "lint", "bench"):
        assert f"\n{target}: " in makefile
        assert f"make {target}" in readme
    assert "\ndocs: " in makefile


def test_readme_leads_with_the_smallest_study_of_ones_own():
    readme = (REPOSITORY / "README.md").read_text()
    section = readme.partition("## Your own study")[2].partition("\n## ")[0]
    configs = re.findall(r"--configfile (\S+)", section)
    assert configs[0] == "config/quickstart.yaml"
    inputs = yaml.safe_load((REPOSITORY / configs[0]).read_text())["inputs"]
    for word in (inputs["images"], inputs["meta"], "filename", *inputs["ranks"]):
        assert f"`{word}`" in section
    assert (
        f"snakemake --cores all --configfile {configs[0]}" in (REPOSITORY / configs[0]).read_text()
    )


def test_every_preset_is_explained():
    text = (REPOSITORY / "config" / "README.md").read_text()
    presets = [path.name for path in (REPOSITORY / "config").glob("*.yaml")]
    assert len(presets) >= 5
    for name in presets:
        assert f"| `{name}` | " in text
