import re
from pathlib import Path

import pytest
import yaml
from visgen.configuration.key_table import END, START, with_key_table
from visgen.configuration.schema import load_schema
from visgen.starting.propose import DEFAULT

REPOSITORY = Path(__file__).parents[1]
PAGES = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), REPOSITORY / "config/README.md"]


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
    for target in ("config", "check", "demo", "test", "test-slow", "lint", "bench"):
        assert f"\n{target}: " in makefile
        assert f"make {target}" in readme
    assert "\ndocs: " in makefile


def test_readme_leads_from_photographs_to_names_by_commands_that_belong_together():
    readme = (REPOSITORY / "README.md").read_text()
    section = readme.partition("## Your own data in five minutes")[2].partition("\n## ")[0]
    commands = re.findall(r"^    (\S.*)", section, re.M)
    assert [command.split()[1] for command in commands[:2]] == ["config", "check"]
    default = DEFAULT
    assert f"writes `{default}`" in section and commands[1].endswith(f"CONFIG={default}")
    assert commands[2] == f".venv/bin/snakemake --cores all --configfile {default}"
    recipe = (REPOSITORY / "Makefile").read_text().partition("\nconfig: ")[2].partition("\n\n")[0]
    named = set(re.findall(r"\b([A-Z]+)=", section))
    assert named == set(re.findall(r'"\$\$([A-Z]+)"', recipe)) | {"CONFIG"}
    assert len(readme.splitlines()) <= 200


def test_the_smallest_study_is_explained_where_it_is_named():
    text = (REPOSITORY / "docs/studies.md").read_text()
    section = text.partition("## The smallest study")[2].partition("\n## ")[0]
    quickstart = (REPOSITORY / "config/quickstart.yaml").read_text()
    inputs = yaml.safe_load(quickstart)["inputs"]
    for word in (inputs["images"], inputs["meta"], "filename", *inputs["ranks"]):
        assert f"`{word}`" in section
    command = "snakemake --cores all --configfile config/quickstart.yaml"
    assert command in section and command in quickstart


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_between_pages_lead_to_files_and_to_headings(page):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)", text := file.read_text(), re.M)
            known = {re.sub(r"[^\w -]", "", head).replace(" ", "-").lower() for head in heads}
            assert anchor in known or f'id="{anchor}"' in text, target


def test_every_preset_is_explained():
    text = (REPOSITORY / "config" / "README.md").read_text()
    presets = [path.name for path in (REPOSITORY / "config").glob("*.yaml")]
    assert len(presets) >= 5
    for name in presets:
        assert f"| `{name}` | " in text
