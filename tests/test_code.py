import os
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import pytest
from visgen.configuration.code import reached_modules

WORKFLOW = Path(__file__).parents[1] / "workflow"
SCRIPTS = sorted((WORKFLOW / "scripts").glob("*.py"))


def reached(folder, script):
    """Return what a script reaches in a library of that folder, by its path in the library."""
    (folder / "script.py").write_text(script)
    library = folder / "lib"
    files = reached_modules(folder / "script.py", library)
    return [path.relative_to(library).as_posix() for path in files]


@pytest.fixture
def library(tmp_path):
    """Write a library: `shells` with an outline, a hinge in a package of its own, and an umbo."""
    files = {
        "shells/__init__.py": "",
        "shells/outline.py": "import os\nimport numpy as np\n",
        "shells/umbo.py": "from . import outline\n",
        "shells/hinge/__init__.py": "from .teeth import count\n",
        "shells/hinge/teeth.py": "from ..umbo import beak\n",
        "shells/hinge/ligament.py": "raise SystemExit('imported')\n",
        "tides.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


OUTLINE = ["shells/__init__.py", "shells/outline.py"]
LIGAMENT = ["hinge/__init__.py", "hinge/ligament.py", "hinge/teeth.py", "outline.py", "umbo.py"]
LIGAMENT = ["shells/__init__.py", *(f"shells/{name}" for name in LIGAMENT)]


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("", []),
        ("import os, numpy, torch.nn", []),
        ("import shells", ["shells/__init__.py"]),
        ("import shells.outline as o", OUTLINE),
        ("from shells import outline", OUTLINE),  # a module
        ("from shells.outline import trace", OUTLINE),  # a name in one
        ("from shells import *", ["shells/__init__.py"]),
        ("import os, tides", ["tides.py"]),
        ("from shells.umbo import beak", [*OUTLINE, "shells/umbo.py"]),
        ("from shells.hinge import ligament", LIGAMENT),
        ("from shells.hinge.ligament import length", LIGAMENT),
        ("from shells.nacre import lustre", ["shells/__init__.py"]),  # there is no such module
    ],
)
def test_a_script_reaches_what_its_imports_run(library, script, files):
    assert reached(library, script) == files


@pytest.mark.parametrize(
    "script",
    [
        "def f():\n    import tides\n",
        "class C:\n    async def f(self):\n        with self:\n            import tides\n",
        "if True:\n    pass\nelse:\n    import tides\n",
        "try:\n    pass\nexcept OSError:\n    import tides\n",
        "try:\n    pass\nfinally:\n    import tides\n",
        "match 1:\n    case 1:\n        import tides\n",
        "for i in ():\n    while i:\n        import tides\n",
    ],
)
def test_an_import_inside_other_statements_counts(library, script):
    assert reached(library, script) == ["tides.py"]


def test_an_edit_of_imports_is_noticed_in_the_same_process(library):
    assert reached(library, "import shells.outline") == OUTLINE
    (library / "lib/shells/outline.py").write_text("import tides")
    assert reached(library, "import shells.outline") == [*OUTLINE, "tides.py"]


def test_a_module_that_cannot_be_parsed_is_named(library):
    (library / "lib/tides.py").write_text("import")
    with pytest.raises(SyntaxError, match=r"tides\.py"):
        reached(library, "import tides")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_modulefinder_reaches_the_same_files(script):
    library = WORKFLOW / "lib"
    finder = ModuleFinder(path=[str(library)])
    finder.run_script(str(script))
    found = {Path(module.__file__) for module in finder.modules.values() if module.__file__}
    files = reached_modules(script, library)
    assert files == sorted(found - {script})
    assert library / "visgen/machine/logs.py" in files


def test_paths_begin_with_the_library_as_it_was_given():
    script = Path(os.path.relpath(SCRIPTS[0]))
    library = Path(os.path.relpath(WORKFLOW / "lib"))
    assert all(library in path.parents for path in reached_modules(script, library))


def test_no_module_is_imported(library):
    reached(library, "import shells.hinge.ligament")
    assert "shells" not in sys.modules
