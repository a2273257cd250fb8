"""The rooms of the library, as docs/architecture.md has them: who imports whom."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "workflow/lib/visgen"
#: From front to back: a room imports from those before it.
ORDER = """
tables metrics published names fields encodings delimited name_tables spellings scikit_bio bootstrap
shares claims version machine simulate specimens features provenance distances signal genetics prior
embedding classification visual_genetic naming report configuration starting figures publishing
verify
""".split()  # noqa: SIM905
QUESTIONS = ["specimens", "features", "distances", "genetics", "classification", "embedding"]
QUESTIONS += ["visual_genetic"]


def name_of(path):
    return ".".join(path.relative_to(LIBRARY).with_suffix("").parts)


MODULES = {name_of(path): path for path in LIBRARY.rglob("*.py") if path.name != "__init__.py"}


def imports(path):
    """Return the modules of the library that a module imports, at its top and inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "visgen":
            of = node.module.removeprefix("visgen").lstrip(".")
            inside = {f"{of}.{item.name}".lstrip(".") for item in node.names}
            found |= (inside & MODULES.keys()) or {of}
    return found


def outside(path):
    """Return the packages that a module imports, the library's own among them."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in found}


ARROWS = {name: imports(path) for name, path in MODULES.items()}


def test_every_import_is_of_a_module():
    assert set().union(*ARROWS.values()) <= MODULES.keys()


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_from_those_before_it(room):
    own = {name: to for name, to in ARROWS.items() if name.split(".")[0] == room}
    assert own
    back = ORDER[ORDER.index(room) + 1 :]
    assert not [(a, b) for a, to in own.items() for b in to if b.split(".")[0] in back]


def test_every_room_has_its_place():
    assert {name.split(".")[0] for name in MODULES} == set(ORDER)


def test_rooms_within_rooms_do_not_import_each_other_in_a_circle():
    rooms = {}
    for name, to in ARROWS.items():
        room = name.rpartition(".")[0] or name
        others = {other.rpartition(".")[0] or other for other in to}
        rooms.setdefault(room, set()).update(others - {room})
    TopologicalSorter(rooms).prepare()  # raises CycleError


def test_every_folder_says_what_lives_there():
    for folder in {path.parent for path in MODULES.values()}:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text())), folder


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_one_word_from_rules_to_results(question):
    assert (LIBRARY / question).is_dir()
    rules = (ROOT / "workflow/rules" / f"{question}.smk").read_text()
    assert f"<results>/{question}/" in rules
    assert f"| `{question}` |" in (ROOT / "docs/architecture.md").read_text()


def test_a_dry_run_reads_words_but_loads_no_room():
    heavy = {"torch", "pandas", "sklearn", "timm", "skbio", "matplotlib"}
    seen, waiting = set(), [name for name in MODULES if name.startswith("configuration.")]
    while waiting:
        if (name := waiting.pop()) in seen:
            continue
        seen.add(name)
        waiting += ARROWS[name]
        assert not outside(MODULES[name]) & heavy, name


WAYS = (ROOT / "docs/architecture.md").read_text().partition("## The way of an image")[2]
PLACES = [ROOT, ROOT / "workflow/rules", LIBRARY]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_.]*)`", WAYS))))
def test_a_place_on_the_page_is_there(path):
    assert any((place / path).exists() for place in PLACES)
