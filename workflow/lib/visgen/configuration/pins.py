"""Exact versions for each environment in envs/, from the lock file that all tests ran with.

An environment file says which versions of its packages will do. Its pins say which ones did, with
all that these need in turn. Programs and what else is not in the lock file are named in a comment.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

#: What a package is called in the lock file, where conda has another name for it.
LOCK_NAMES = {
    "huggingface_hub": "huggingface-hub",
    "matplotlib-base": "matplotlib",
    "pytorch": "torch",
    "seaborn-base": "seaborn",
}
#: What no lock file holds and every environment has.
_GROUND = {"python", "pip"}

_LOCKED = re.compile(r"^([\w.-]+==\S+(?: ; [^\\\n]+)?)", re.MULTILINE)
_BY = re.compile(r"^    # (?: |via )+(\S+)", re.MULTILINE)


def read_lock(text: str) -> tuple[dict[str, list[str]], dict[str, set[str]]]:
    """Return what a lock file of uv holds.

    Returns
    -------
    tuple
        The requirements of each package, as ``numpy==2.4.6``, one for each marker; and which
        packages each one needs, from the comments that say whom a package is there for.
    """
    starts = list(_LOCKED.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    names = [start[1].partition("==")[0] for start in starts]
    locked: dict[str, list[str]] = {name: [] for name in names}
    needs: dict[str, set[str]] = {name: set() for name in names}
    for name, start, end in zip(names, starts, ends, strict=True):
        locked[name].append(start[1].strip())
        for by in _BY.findall(text[start.end() : end]):
            if by in needs:
                needs[by].add(name)
    return locked, needs


def listed_in(environment: Mapping[str, Iterable[object]]) -> set[str]:
    """Return the names of an environment file's packages, as the lock file calls them."""
    found = set()
    for entry in environment["dependencies"]:
        of_pip = entry["pip"] if isinstance(entry, Mapping) else [entry]
        found |= {re.match(r"[\w.-]+", requirement)[0] for requirement in of_pip}
    return {LOCK_NAMES.get(name, name) for name in found - _GROUND}


def pins_of(environment: Mapping[str, Iterable[object]], lock: str) -> str:
    """Return the text of an environment's pins.

    Parameters
    ----------
    environment
        As its file in envs/ has it.
    lock
        Text of requirements.lock.
    """
    locked, needs = read_lock(lock)
    listed = listed_in(environment)
    wanted, waiting = set(), sorted(listed & locked.keys())
    while waiting:
        if (name := waiting.pop()) not in wanted:
            wanted.add(name)
            waiting += needs[name]
    lines = ["# From requirements.lock, by make pins."]
    if programs := sorted(listed - locked.keys()):
        lines.append(f"# Not there, as they come with conda alone: {', '.join(programs)}")
    return "\n".join([*lines, *(line for name in sorted(wanted) for line in locked[name])]) + "\n"


def write_pins(environments: Path, lock: Path) -> None:
    """Write the pins of every environment of a folder into its subfolder pins."""
    (environments / "pins").mkdir(exist_ok=True)
    text = lock.read_text(encoding="utf-8")
    for file in sorted(environments.glob("*.yaml")):
        pins = pins_of(yaml.safe_load(file.read_text(encoding="utf-8")), text)
        (environments / "pins" / f"{file.stem}.txt").write_text(pins, encoding="utf-8")


if __name__ == "__main__":
    write_pins(Path(sys.argv[1]), Path(sys.argv[2]))
