"""Names of taxa from the folders that images lie in, or from the images' own names."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from visgen.starting.words import RANKS, looks_whole, rank_by_look

_ANY = "[^/]+"
_OF_FILES = r"(?:^|/)(?P<species>(?P<genus>[A-Z][a-z]+)[ _][a-z]{3,})[^/]*$"
_GENUS_OF_SPECIES = "(?P<genus>[^_ /]+)[_ ]+"
_ORDER = list(RANKS)


class Layout(NamedTuple):
    """How names lie in the paths of images."""

    pattern: str  # for inputs.path_pattern
    ranks: list[str]  # coarse to fine
    said: list[str]  # what was taken for what, a line each


def find_layout(files: Sequence[str], folder: str) -> Layout:
    """Find the ranks of folders within folders, by what their names look like.

    Parameters
    ----------
    files : sequence of str
        Paths of the images inside their folder.
    folder : str
        That folder, for messages.

    Returns
    -------
    Layout
        Of as many levels as most images have. A level with one folder that looks like no taxon is
        passed over; one below the species is the specimen; where images lie in no folder, names
        of files that begin with a genus and a species are taken.

    Raises
    ------
    ValueError
        In one line, where neither tells names.
    """
    depths = Counter(path.count("/") for path in files)
    depth = max(depths, key=lambda n: (depths[n], n))
    levels = [[path.split("/")[n] for path in files if path.count("/") == depth]
              for n in range(depth)]  # fmt: skip
    kinds = [_kind_of(names) for names in levels]
    if not any(kinds) or len({path.rpartition("/")[0] for path in files}) == 1:
        return _of_files(files, folder)
    last = max(n for n, kind in enumerate(kinds) if kind)
    kinds = _told_apart(kinds)
    parts, ranks, said = [], [], []
    for n, (kind, names) in enumerate(zip(kinds, levels, strict=True)):
        example = f"folders such as {min(names)!r}"
        if kind is None and n == last + 1 and kinds[last] in ("species", "epithet"):
            # the name of a specimen is unique in the study, that of its folder may not be
            parts = [f"(?P<specimen>{'/'.join([*parts, _ANY])})"]
            said.append(f"{example}: a specimen each")
            break
        if kind is None:
            parts.append(_ANY)
            said.append(f"{example}: nothing")
            continue
        if kind == "epithet":
            genus = parts.pop()
            parts.append(f"(?P<species>{genus}/{_ANY})")
            ranks.append("species")
            said.append(f"{example}: species, with the name of the folder above")
        elif kind == "species" and "genus" not in kinds and _have_genus(names):
            parts.append(f"(?P<species>{_GENUS_OF_SPECIES}{_ANY})")
            ranks += ["genus", "species"]
            said.append(f"{example}: species, and their first word: genus")
        else:
            parts.append(f"(?P<{kind}>{_ANY})")
            ranks.append(kind)
            said.append(f"{example}: {kind}")
    return Layout(f"^{'/'.join(parts)}/", ranks, said)


def _kind_of(names: Sequence[str]) -> str | None:
    """Return what most folders of a level look like; None where that is nothing."""
    different = sorted(set(names))
    kinds = Counter(rank_by_look(name) for name in different)
    kind, n = kinds.most_common(1)[0]
    if n <= len(different) / 2 or (len(different) == 1 and kind in ("epithet", "genus")):
        return None
    return kind


def _told_apart(kinds: list[str | None]) -> list[str | None]:
    """Return kinds of which each is there once, in the order of ranks, epithets below a genus."""
    told, above = [], -1
    for n, kind in enumerate(kinds):
        if kind == "epithet" and not (n and told[-1] == "genus"):
            kind = "group"  # a word of the user's own
        if kind == "genus" and "genus" in kinds[n + 1 :]:
            kind = "group"
        place = _ORDER.index("species" if kind == "epithet" else kind) if _is_rank(kind) else above
        if kind is not None and (kind in told or (_is_rank(kind) and place <= above)):
            kind = None
        told.append(kind)
        above = max(above, place)
    return told


def _is_rank(kind: str | None) -> bool:
    return kind == "epithet" or kind in _ORDER


def _have_genus(names: Sequence[str]) -> bool:
    return all(looks_whole(name) for name in set(names))


def _of_files(files: Sequence[str], folder: str) -> Layout:
    """Return the layout of files that are called by their species."""
    found = [re.search(_OF_FILES, path) for path in files]
    species = {match["species"] for match in found if match}
    if 2 * sum(map(bool, found)) <= len(files) or len(species) < 2:
        example = PurePosixPath(min(files)).name
        raise ValueError(
            f"{folder}: found no names of taxa, neither in folders nor in those of files such as "
            f"{example!r}; expected a table (META=table.csv), or a folder a species, called by its "
            "genus and species (Arca_noae)"
        )
    example = PurePosixPath(next(match.string for match in found if match)).name
    said = [f"names of files such as {example!r}: species, and their first word: genus"]
    return Layout(_OF_FILES, ["genus", "species"], said)
