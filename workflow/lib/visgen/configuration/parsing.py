"""Whether a configuration file can be read: one YAML document of keys with values, in UTF-8."""

import codecs
import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import yaml

from visgen.configuration.duplicates import check_duplicates

_READ_OTHERWISE = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp")}
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_ENTRY = re.compile(r"[A-Za-z_][\w-]*\w=")
_GLUED = re.compile(r"\s*(- )?([A-Za-z_]\w*):([^\s/].*)")


def check_file(path: str | Path) -> None:
    """Check a configuration file before anyone reads it.

    Raises
    ------
    ValueError
        In one line: the file, the line, what was found and what was expected.
    """
    path = Path(path)
    text = _text(path)
    try:
        if path.suffix.lower() == ".json":
            json.loads(text)
        if not _is_json(text):
            _check_yaml(str(path), text)
        check_duplicates(path)
    except json.JSONDecodeError as error:
        found = _part(text.splitlines(), error.lineno - 1)
        raise ValueError(
            f"{path}: line {error.lineno}, column {error.colno}: {error.msg}, in {found}"
        ) from None
    except yaml.MarkedYAMLError as error:
        raise ValueError(f"{path}: {_explained(error, text.splitlines())}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ValueError(
            f"{path}: line {line}: unacceptable character #x{error.character:04x}, expected text; "
            "delete it"
        ) from None
    except RecursionError:
        raise ValueError(
            f"{path}: sections lie too deep in each other, expected a few at most"
        ) from None


def stop_at_broken_configuration(words: Sequence[str]) -> None:
    """End the program with one line where a configuration given to Snakemake cannot be read.

    Parameters
    ----------
    words
        Of Snakemake's command line.
    """
    options = ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--configfile", "--configfiles", nargs="+", action="append", default=[])
    options.add_argument("--config", "-C", nargs="*", action="append", default=[])
    given, _ = options.parse_known_args(words)
    for option, found in (("--configfile", given.configfile), ("--config", given.config)):
        if len(found) > 1:  # Snakemake takes the last and drops the others without a word
            sys.exit(f"{option}: is there {len(found)} times; put all that it takes behind one")
    sections = set()
    for word in chain(*given.config):
        if not _ENTRY.match(word):
            sys.exit(
                f"--config: found {word!r}, expected a section with its keys, as in "
                "'inputs={images: photos}'; what is to be made stands before it"
            )
        if (section := word.partition("=")[0]) in sections:
            sys.exit(f"--config: the key {section} is there twice; keep one")
        sections.add(section)
    for path in chain(*given.configfile):
        try:
            check_file(path)
        except ValueError as error:
            sys.exit(str(error))


def _text(path: Path) -> str:
    hint = "; what is to be made stands before --configfile"
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        hint = ""
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "no file"
        raise ValueError(f"{path}: is {kind}, expected a configuration in YAML{hint}")
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data:
        raise ValueError(f"{path}: is no text in UTF-8 (UTF-16 perhaps); save it as UTF-8{hint}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}: line {line}: found the byte 0x{data[error.start]:02x}, which is not UTF-8; "
            "save the file as UTF-8"
        ) from None


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _check_yaml(path: str, text: str) -> None:
    documents = list(yaml.compose_all(text, yaml.SafeLoader))
    if not documents or documents[0] is None:
        raise ValueError(f"{path}: has no keys, expected at least dataset, inputs and backbones")
    if len(documents) > 1:
        # An empty second document ("---" at the end) has nothing to say, yet stops readers.
        line = documents[1].start_mark.line + 1
        raise ValueError(f"{path}: line {line}: a second document begins, expected one in a file")
    node = documents[0]
    if not isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode) and (
            glued := _GLUED.match(text.splitlines()[line - 1])
        ):
            raise ValueError(f"{path}: line {line}: {_unglued(glued)}")
        found = {"sequence": "a list", "scalar": f"the text {str(node.value)[:40]!r}"}[node.id]
        raise ValueError(f"{path}: line {line}: found {found}, expected keys with values")
    for scalar in _scalars(node, ()):
        _check_scalar(path, scalar)
    yaml.load(text, yaml.SafeLoader)  # anchors that are merged, and tags


def _scalars(node: yaml.Node, above: tuple[yaml.Node, ...]) -> Iterator[yaml.ScalarNode]:
    if any(node is other for other in above):
        raise yaml.MarkedYAMLError(
            problem="an anchor that holds itself", problem_mark=node.start_mark
        )
    if isinstance(node, yaml.ScalarNode):
        yield node
        return
    for part in node.value:
        for inner in part if isinstance(part, tuple) else (part,):
            yield from _scalars(inner, (*above, node))


def _check_scalar(path: str, node: yaml.ScalarNode) -> None:
    """Refuse numbers that YAML 1.1 reads otherwise than they look, and days that there are not."""
    where = f"{path}: line {node.start_mark.line + 1}: found {node.value}"
    if node.tag not in _READ_OTHERWISE:
        return
    try:
        value = yaml.safe_load(node.value)
    except ValueError as error:
        raise ValueError(f"{where}, which YAML takes for a date: {error}; quote it") from None
    if _OCTAL.fullmatch(node.value):
        how = f"the octal number {value}"
    elif _SEXAGESIMAL.fullmatch(node.value):
        how = f"the number {value}, to the base of 60"
    else:
        return
    raise ValueError(f"{where}, which YAML takes for {how}; put it in quotes, or write the number")


def _explained(error: yaml.MarkedYAMLError, lines: list[str]) -> str:
    """Return the line of an error, and what it comes from most often."""
    mark = error.problem_mark or error.context_mark
    begun = error.context_mark.line if error.context_mark else mark.line
    problem = " ".join(str(error.problem or error.context).split())
    if "escape" in problem:
        return (
            f"line {mark.line + 1}: found a backslash between double quotation marks, expected "
            f"single ones around it, in {_part(lines, mark.line)}"
        )
    if "quoted scalar" in (error.context or ""):
        return (
            f"line {begun + 1}: found a quotation mark that is not closed, in "
            f"{_part(lines, begun)}; expected the other one"
        )
    # a key without a colon is missed in a later line
    here = min(begun if problem == "could not find expected ':'" else mark.line, len(lines) - 1)
    for at in (here, here - 1):
        if at >= 0 and "\t" in re.match(r"[\s-]*", lines[at])[0]:
            return f"line {at + 1}: found a tab, expected blanks before {lines[at].strip()!r}"
        if at >= 0 and (glued := _GLUED.match(lines[at])):
            return f"line {at + 1}: {_unglued(glued)}"
    found = f", in {_part(lines, here)}"
    if problem.startswith("expected <block end>") and lines[here][: mark.column].strip():
        ended = "more behind a value that has ended, expected quotes round all of it"
        return f"line {here + 1}: {ended}{found}"
    known = {
        "mapping values are not allowed here": "a colon where no key can stand; keys of a section "
        "begin in one column, and text with a colon and a blank stands in quotes",
        "could not find expected ':'": "a key without a colon, expected one and a blank",
        "expected the node content": "a value or a bracket is missing before it",
        "expected <block end>": "a line that is indented otherwise than those of its section, "
        "expected as they are",
        "expected ',' or": "a comma or a bracket is missing behind the bracket that opens in line "
        f"{begun + 1}",
    }
    otherwise = problem if "expected" in problem else f"{problem}, expected quotes round such text"
    what = next((what for start, what in known.items() if problem.startswith(start)), otherwise)
    return f"line {here + 1}: {what}{found}"


def _unglued(glued: re.Match) -> str:
    return (
        f"found '{glued[2]}:{glued[3]}', expected a blank behind the colon: "
        f"'{glued[2]}: {glued[3]}'"
    )


def _part(lines: list[str], line: int) -> str:
    return repr(lines[line].strip()[:60]) if line < len(lines) else "the last line"
