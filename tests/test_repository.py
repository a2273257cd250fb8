"""What a repository says of itself: one version, a changelog, a citation, checks that run."""

import datetime
import re
import tomllib
from pathlib import Path

import networkx as nx
import pytest
import yaml
from jsonschema import Draft202012Validator
from visgen.configuration.rule_graph import (
    END,
    START,
    as_mermaid,
    read_rule_graph,
    rules_in,
    with_rule_graph,
)
from visgen.version import visgen_version
from workflow_copy import rules_of

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CHECKS = sorted((ROOT / ".github/workflows").glob("*.yml"))

#: What is used here of the schema of CITATION.cff 1.2.0. Its own checker needs an old jsonschema.
PERSON = {
    "properties": {"family-names": {}, "given-names": {}, "orcid": {"pattern": "^https://orcid"}},
    "additionalProperties": False,
    "required": ["family-names"],
}
ENTITY = {"properties": {"name": {}}, "additionalProperties": False, "required": ["name"]}
AUTHORS = {"type": "array", "minItems": 1, "items": {"oneOf": [PERSON, ENTITY]}}
DOI = {"type": "string", "pattern": r"^10\.\d{4,9}(\.\d+)?/\S+$"}
IDENTIFIER = {
    "required": ["type", "value"],
    "properties": {
        "type": {"enum": ["doi", "url", "swh", "other"]},
        "value": {},
        "description": {},
    },
    "additionalProperties": False,
}
REFERENCE = {
    "required": ["authors", "title", "type"],
    "properties": {
        "authors": AUTHORS,
        "collection-title": {"type": "string"},
        "doi": DOI,
        "identifiers": {"type": "array", "items": IDENTIFIER},
        "institution": ENTITY,
        "journal": {"type": "string"},
        "notes": {"type": "string"},
        "title": {"type": "string", "minLength": 1},
        "type": {"enum": ["article", "book", "conference-paper", "data", "report", "software"]},
        "year": {"type": "integer", "minimum": 1900},
    },
    "additionalProperties": False,
}
CFF = {
    "required": ["authors", "cff-version", "message", "title"],
    "properties": {
        "abstract": {"type": "string", "minLength": 1},
        "authors": AUTHORS,
        "cff-version": {"const": "1.2.0"},
        "keywords": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "license": {"const": "MIT"},
        "message": {"type": "string", "minLength": 1},
        "references": {"type": "array", "items": REFERENCE},
        "title": {"type": "string", "minLength": 1},
        "type": {"enum": ["software", "dataset"]},
        "version": {"type": "string"},
    },
    "additionalProperties": False,
}


def test_the_version_is_said_alike_everywhere(tmp_path):
    version = PROJECT["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert visgen_version() == CITATION["version"] == version
    assert f'image.version="{version}"' in (ROOT / "Dockerfile").read_text()
    assert re.search(r"^## \[(\d.*?)\]", CHANGELOG, re.M)[1] == version
    assert f"visgen:{version}" in (ROOT / "docs/containers.md").read_text()
    assert f'tag="v{version}"' in (ROOT / "docs/running.md").read_text()
    assert visgen_version(tmp_path / "pyproject.toml") is None


def test_the_changelog_is_in_the_form_of_keep_a_changelog():
    heads = re.findall(r"^## (.*)", CHANGELOG, re.M)
    assert CHANGELOG.startswith("# Changelog\n") and heads[0] == "[Unreleased]"
    found = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\S+)", head).groups() for head in heads[1:]]
    versions = [tuple(map(int, parts[:3])) for parts in found]
    dates = [datetime.date.fromisoformat(parts[3]) for parts in found]
    assert versions == sorted(set(versions), reverse=True) and dates == sorted(dates, reverse=True)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)", CHANGELOG, re.M)) <= kinds


def test_the_citation_is_valid_and_names_both_studies():
    errors = [error.message for error in Draft202012Validator(CFF).iter_errors(CITATION)]
    assert not errors
    assert not Draft202012Validator(CFF).is_valid(CITATION | {"authors": []})
    references = {entry["authors"][0]["family-names"]: entry for entry in CITATION["references"]}
    assert {"Roy", "Karaderi", "Hofmann"} <= references.keys()
    assert all("year" in entry for entry in CITATION["references"])


def test_badges_say_what_is_true():
    badges = dict(re.findall(r"^!\[(.+?): (.+?)\]\(.*/badge/", README, re.M))
    snakefile = (ROOT / "workflow/Snakefile").read_text()
    assert badges == {
        "Licence": PROJECT["license"],
        "Python": PROJECT["requires-python"].replace(">=", "≥ "),
        "Snakemake": "≥ " + re.search(r'min_version\("(.*)"\)', snakefile)[1],
    }
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.name)
def test_a_check_calls_what_there_is(path):
    text = path.read_text()
    check = yaml.safe_load(text)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    called = re.findall(r"run: make (.*)", text)
    assert set(" ".join(called).split()) <= targets
    assert check["name"] == path.stem and check["permissions"] and check["jobs"]
    for job in check["jobs"].values():
        assert job["timeout-minutes"] <= 360
        assert job["steps"][0]["uses"].startswith("actions/checkout@v")


def test_all_checks_are_there():
    assert [path.stem for path in CHECKS] == ["deployment", "lint", "release", "tests"]


def test_the_page_for_contributors_leads_to_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"\]\((?!http)([^)#]+)\)", text) + re.findall(r"`(workflow/[\w/.]+)`", text)
    assert len(named) >= 6
    assert not [name for name in named if not (ROOT / name).exists()]
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?<!-)\bmake ([a-z][a-z-]+)", text):
        assert f"\n{target}:" in makefile


# --- the graph of rules ---

PRINTED = """---
title: DAG
---
flowchart TB
\tid0[all]
\tid1[ingest]
\tid2[draw]
\tstyle id0 fill:#D95F57
\tid1 --> id0
\tid2 --> id0
\tid1 --> id2
"""
RULE_TEXT = "rule all:\n    input: 1\n\ncheckpoint ingest:\nrule draw:\n  rule train:\n"


def test_a_graph_of_rules_has_no_arrow_that_follows_from_others():
    graph = read_rule_graph(PRINTED)
    assert set(graph.edges) == {("ingest", "all"), ("draw", "all"), ("ingest", "draw")}
    page = with_rule_graph(f"a\n{START}\nold\n{END}\nz", graph, rules_in(RULE_TEXT), RULE_TEXT)
    assert page.split("\n") == [
        *("a", START, "", "```mermaid", "flowchart LR", "  ingest([ingest])"),
        *("  draw --> all", "  ingest --> draw", "```", ""),
        *("Not needed by this study: `train`.", "", END, "z"),
    ]
    assert "old" not in page


def test_text_without_a_graph_and_a_page_without_marks_are_refused():
    with pytest.raises(ValueError, match="found no rules in the text"):
        read_rule_graph("Building DAG of jobs...")
    with pytest.raises(ValueError, match="the page lacks the lines"):
        with_rule_graph("page", nx.DiGraph(), [], "")
    assert as_mermaid(nx.DiGraph([("a", "b")]), ["c"]) == "flowchart LR\n  a --> b"


def test_the_drawn_rules_are_those_that_there_are():
    page = (ROOT / "docs/rules.md").read_text()
    chart, _, rest = page.partition("```mermaid")[2].partition("```")
    drawn = set(re.findall(r"\w+", chart)) - {"flowchart", "LR"}
    others = set(re.findall(r"`(\w+)`", rest.partition("Not needed by this study:")[2]))
    there = {name for path in (ROOT / "workflow/rules").glob("*.smk") for name in rules_of(path)}
    there |= {"all", "naming", "prepare"}  # of workflow/Snakefile
    is_fresh = drawn | others == there
    assert is_fresh, f"docs/rules.md is outdated, run make rulegraph: {drawn ^ there ^ others}"
    assert not drawn & others
