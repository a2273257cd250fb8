"""Files of a study as entities of a crate: those that go along, and those that stay behind."""

from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.entity import Entity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

_FORMATS = {
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/vnd.apache.parquet",
    ".npz": "application/x-npz",
    ".safetensors": "application/x-safetensors",
    ".nwk": "text/x-newick",
    ".fasta": "text/x-fasta",
    ".md": "text/markdown",
    ".bib": "application/x-bibtex",
    ".log": "text/plain",
    ".yaml": "application/yaml",
    ".py": "text/x-python",
}


class Files:
    """Entities of a crate by path, made when they are first asked for.

    Parameters
    ----------
    crate
        That they belong to.
    archived
        Of files in the archive, by name: sha256 and bytes.
    elsewhere
        The same of files that stay behind, by path; sha256 alone where no more is known.
    """

    def __init__(
        self,
        crate: ROCrate,
        archived: Mapping[str, Mapping[str, Any]],
        elsewhere: Mapping[str, Mapping[str, Any]],
    ):
        self._crate, self._archived, self._elsewhere = crate, archived, elsewhere
        self._made: dict[str, Entity] = {}

    def entity(self, path: str) -> Entity:
        """Return the entity of a file: a data entity only where it is in the archive."""
        if path not in self._made:
            of = _archived if path in self._archived else _left
            about = self._archived.get(path) or self._elsewhere.get(path, {})
            self._made[path] = self._crate.add(of(self._crate, path, about))
        return self._made[path]

    def add(self, path: str, entity: Entity) -> Entity:
        """Say that an entity stands for a file."""
        self._made[path] = self._crate.add(entity)
        return entity


def _archived(crate: ROCrate, path: str, about: Mapping[str, Any]) -> Entity:
    return File(crate, dest_path=path, properties=properties_of(path, about))


def properties_of(path: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a crate says of a file in it."""
    suffix = PurePosixPath(path).suffix
    known = _FORMATS.get(suffix) or guess_type(path)[0] or "application/octet-stream"
    return {
        "name": path,
        "encodingFormat": known,
        "contentSize": str(about["bytes"]),
        "sha256": about["sha256"],
    }


def _left(crate: ROCrate, path: str, about: Mapping[str, Any]) -> Entity:
    said = {"@type": "CreativeWork", "name": path, "description": "not in this archive"}
    if "sha256" in about:
        said["sha256"] = about["sha256"]
    if "bytes" in about:
        said["contentSize"] = str(about["bytes"])
    return ContextEntity(crate, f"#elsewhere/{quote(path)}", properties=said)
