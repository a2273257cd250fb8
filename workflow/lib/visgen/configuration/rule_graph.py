"""The graph of rules in docs/rules.md, from what `snakemake --rulegraph mermaid-js` prints."""

import re
import sys
from collections.abc import Collection
from pathlib import Path

import networkx as nx

START, END = "<!-- rules: written by make rulegraph -->", "<!-- end of rules -->"

_NODE = re.compile(r"^\s*(id\d+)\[(\w+)\]$", re.MULTILINE)
_ARROW = re.compile(r"^\s*(id\d+) --> (id\d+)$", re.MULTILINE)
_RULE = re.compile(r"^ *(?:rule|checkpoint) (\w+):", re.MULTILINE)


def read_rule_graph(printed: str) -> nx.DiGraph:
    """Return the graph that Snakemake printed, by names of rules.

    Raises
    ------
    ValueError
        If there is no graph in it.
    """
    names = dict(_NODE.findall(printed))
    if not names:
        raise ValueError("found no rules in the text, expected a flowchart as mermaid has it")
    graph = nx.DiGraph()
    graph.add_nodes_from(names.values())
    graph.add_edges_from((names[start], names[end]) for start, end in _ARROW.findall(printed))
    return graph


def as_mermaid(graph: nx.DiGraph, checkpoints: Collection[str]) -> str:
    """Return a flowchart, without arrows that follow from others, checkpoints drawn as stadiums."""
    drawn = [f"  {name}([{name}])" for name in sorted(set(graph) & set(checkpoints))]
    arrows = sorted(nx.transitive_reduction(graph).edges)
    return "\n".join(["flowchart LR", *drawn, *(f"  {start} --> {end}" for start, end in arrows)])


def with_rule_graph(page: str, graph: nx.DiGraph, rules: Collection[str], text: str) -> str:
    """Return a page with the graph, and with the rules that are not in it, between its two marks.

    Parameters
    ----------
    page
        Markdown with the two marks.
    graph
        As `read_rule_graph` returns it.
    rules
        Names of all rules there are.
    text
        Of all rule files, from which checkpoints are told.

    Raises
    ------
    ValueError
        If the page lacks a mark.
    """
    if START not in page or END not in page:
        raise ValueError(f"the page lacks the lines {START} and {END}")
    checkpoints = re.findall(r"^ *checkpoint (\w+):", text, re.MULTILINE)
    others = ", ".join(f"`{name}`" for name in sorted(set(rules) - set(graph)))
    before, after = page.split(START)[0], page.split(END)[1]
    chart = f"```mermaid\n{as_mermaid(graph, checkpoints)}\n```"
    return f"{before}{START}\n\n{chart}\n\nNot needed by this study: {others}.\n\n{END}{after}"


def rules_in(text: str) -> set[str]:
    """Return the names of the rules of a rule file, checkpoints among them."""
    return set(_RULE.findall(text))


if __name__ == "__main__":
    files = [*sorted(Path(sys.argv[2]).glob("rules/*.smk")), Path(sys.argv[2], "Snakefile")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    target = Path(sys.argv[1])
    graph = read_rule_graph(sys.stdin.read())
    page = with_rule_graph(target.read_text(encoding="utf-8"), graph, rules_in(text), text)
    target.write_text(page, encoding="utf-8")
