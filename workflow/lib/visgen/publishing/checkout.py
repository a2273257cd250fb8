"""Which files of the workflow an archive needs, so that it can be run again."""

from pathlib import Path

#: Files of the workflow that are needed to run it again, by pattern from its top.
CHECKOUT = (
    "Snakefile",
    "requirements.lock",
    "Makefile",
    "pyproject.toml",
    "LICENSE",
    "CITATION.cff",
    "envs/*.yaml",
    "profiles/*/*.yaml",
    "workflow/Snakefile",
    "workflow/*/**/*",
    "docs/*.md",
    "docs/*.tsv",
    "config/README.md",
)
_NEEDED = CHECKOUT[:2]


def checkout_files(root: str | Path) -> list[str]:
    """Return the files of the workflow that are needed to run it again, from its top, sorted.

    Raises
    ------
    ValueError
        If the lock or the Snakefile is not there.
    """
    root = Path(root)
    for name in _NEEDED:
        if not (root / name).is_file():
            raise ValueError(f"{root / name}: not found, expected in a checkout of the workflow")
    found = {path for pattern in CHECKOUT for path in root.glob(pattern) if path.is_file()}
    return sorted(str(path.relative_to(root)) for path in found if _is_source(path))


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts and not path.name.startswith(".")
