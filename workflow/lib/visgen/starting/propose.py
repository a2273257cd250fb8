"""Propose a configuration for what lies in a folder: ``python -m visgen.starting.propose``."""

import argparse
import logging
import re
import shlex
import sys
from pathlib import Path

import yaml

from visgen.configuration.checks.contents import check_contents
from visgen.configuration.checks.paths import check_files
from visgen.configuration.parsing import check_file
from visgen.configuration.reading import checked_config
from visgen.configuration.schema import load_schema
from visgen.starting.choices import choose
from visgen.starting.found import Asked, look_around
from visgen.starting.summary import summary
from visgen.starting.text import configuration_text

SCHEMA = Path(__file__).parents[3] / "schemas/config.schema.yaml"
#: Written where the user names no file.
DEFAULT = "config/my_study.yaml"


def propose(asked: Asked, out: str) -> list[str]:
    """Write a commented configuration, which passes the checks of a run.

    Parameters
    ----------
    asked
        The user's paths.
    out
        The file to write; one that is there stays as it is.

    Returns
    -------
    list of str
        What was found, a line each.

    Raises
    ------
    ValueError
        In one line: what cannot be used, or that the file is there.
    """
    file = Path(out)
    if file.exists():
        raise ValueError(
            f"OUT: {out!r} is already there and stays as it is; name another one, "
            f"OUT={shlex.quote(str(_free(file)))}"
        )
    if file.suffix.lower() not in (".yaml", ".yml"):
        raise ValueError(f"OUT: found {out!r}, expected a name that ends in .yaml")
    found = look_around(asked)
    text = configuration_text(found, choose(found), _dataset(file), out)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
        check_file(file)
        config = checked_config(yaml.safe_load(text), load_schema(SCHEMA))
        check_files(config)
        check_contents(config)
    except ValueError:
        file.unlink()
        raise
    return summary(found)


def _dataset(file: Path) -> str:
    """Return the name of a study by that of its file: letters, digits and a few signs."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", file.stem).strip("_.-")[:64]
    return name or "my_study"


def _free(file: Path) -> Path:
    names = (file.with_name(f"{file.stem}_{n}{file.suffix}") for n in range(2, 1000))
    return next(name for name in names if not name.exists())


def main(arguments: list[str] | None = None) -> None:
    """Write a configuration and say what was found."""
    told = _parser().parse_args(arguments)
    if not told.images:
        raise ValueError(
            "IMAGES: missing; name the folder of your photographs: make config IMAGES=data/photos "
            "[META=table.csv] [UNNAMED=folder] [TREE=file] [SEQUENCES=file.fasta] [OUT=file.yaml]"
        )
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="Note: %(message)s")
    paths = {key: _expanded(getattr(told, key)) for key in Asked.__dataclass_fields__}
    out = _expanded(told.out) or DEFAULT
    for line in propose(Asked(**paths), out):
        print(f"  {line}")
    quoted = shlex.quote(out)
    print(f"Written: {out}. Read it, it says what each line means. Then")
    print(f"  make check CONFIG={quoted}")
    print(f"  .venv/bin/snakemake --cores all --configfile {quoted}")


def _expanded(path: str) -> str | None:
    return str(Path(path).expanduser()) if path.strip() else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("visgen.starting.propose", description=__doc__)
    parser.add_argument("images", nargs="?", default="", help="folder of photographs")
    parser.add_argument("--meta", default="", help="table: a row a photograph")
    parser.add_argument("--unnamed", default="", help="folder of photographs to be named")
    parser.add_argument("--tree", default="", help="Newick or Nexus")
    parser.add_argument("--sequences", default="", help="FASTA")
    parser.add_argument("--out", default="", help=f"file to write; {DEFAULT}")
    return parser


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f"make config: {error}")
