"""Which files of a library a script reaches by its imports; nothing is imported to find out."""

import ast
import functools
from pathlib import Path


def reached_modules(script: Path, library: Path) -> list[Path]:
    """Return the files of a library that a script imports, itself or through others of them.

    Parameters
    ----------
    script
        The file to start from; it is not among those returned.
    library
        The folder in which modules and packages are looked for. What is not there, the standard
        library and what is installed, is passed over.

    Returns
    -------
    list of Path
        The files, sorted; each path begins with `library`. Imports inside functions count, and the
        `__init__.py` of every package on the way is among the files.

    Raises
    ------
    SyntaxError
        If the script or a file that it reaches cannot be parsed.

    Notes
    -----
    Imports of names that are put together while the code runs are not seen. A file is parsed once
    for all scripts, and again when it has changed itself.
    """
    script, library = Path(script), Path(library)
    reached, ahead = set(), [script]
    while ahead:
        path = ahead.pop()
        state = path.stat()
        found = _imported(path, library, state.st_mtime_ns, state.st_size) - reached
        reached |= found
        ahead += found
    return sorted(reached)


@functools.cache
def _imported(path, library, _modified, _size):
    """Return the files that the imports of a file run."""
    package = path.parent.relative_to(library).parts if library in path.parents else ()
    imported = set()
    for statement in _statements(ast.parse(path.read_bytes(), str(path))):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                imported |= _files(library, alias.name.split("."))
        elif isinstance(statement, ast.ImportFrom):
            above = package[: len(package) + 1 - statement.level] if statement.level else ()
            module = statement.module.split(".") if statement.module else []
            for alias in statement.names:  # a module or a name in one
                imported |= _files(library, [*above, *module, alias.name])
    return imported


def _statements(node):
    """Yield the statements of a module, those inside others too."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, field, []):
            yield inner
            yield from _statements(inner)


def _files(library, names):
    """Return the files that an import runs: of each package on the way, and of the module."""
    files, folder = set(), library
    for name in names:
        module, folder = folder / f"{name}.py", folder / name
        if (folder / "__init__.py").is_file():
            files.add(folder / "__init__.py")
            continue
        if module.is_file():
            files.add(module)
        break
    return files
