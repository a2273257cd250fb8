"""Names of a user's own, most of which become folders or files."""

from collections.abc import Iterable, Mapping
from typing import Any

#: Endings of files that lie beside the folders that names make.
_ENDINGS = (".html", ".json", ".md", ".npz", ".parquet", ".png", ".safetensors", ".tsv")

#: What Windows keeps for devices, in any case and with any ending.
_DEVICES = {
    "aux",
    "con",
    "nul",
    "prn",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789"),
}

#: Folders that lie among those of variants.
_FOLDERS = {"visual_genetic.variants": ("regimes",)}


def check_names(config: Mapping[str, Any]) -> None:
    """Check that no two names make one folder, and none makes that of something else.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    sections = {
        "dataset": [config["dataset"]],
        "inputs.ranks": config["inputs"]["ranks"],
        "genetics.anchors": config["genetics"]["anchors"],
        "backbones": config["backbones"],
        "classification.classifiers": config["classification"]["classifiers"],
        "embedding.variants": config["embedding"]["variants"],
        "visual_genetic.variants": (config["visual_genetic"] or {}).get("variants", ()),
    }
    for key, names in sections.items():
        _check_section(key, names)


def _check_section(key: str, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        full = key if key in ("dataset", "inputs.ranks") else f"{key}.{name}"
        plain = name.casefold()
        if (other := seen.setdefault(plain, name)) != name:
            raise ValueError(
                f"config key {key}: found {other!r} and {name!r}, which are one file on disks that "
                "do not tell capitals; expected names that differ otherwise"
            )
        if plain.endswith(_ENDINGS):
            raise ValueError(
                f"config key {full}: the name would be that of a file beside it; leave the ending "
                "out"
            )
        if plain in _FOLDERS.get(key, ()) or plain.split(".")[0] in _DEVICES or name[-1] == ".":
            raise ValueError(
                f"config key {full}: found the name {name!r}, which is taken by the workflow or by "
                "Windows; expected another"
            )
