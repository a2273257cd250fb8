"""Keys that a configuration file has twice: YAML lets the last one win without a word."""

from pathlib import Path

import yaml


def check_duplicates(path: str | Path) -> None:
    """Check that no mapping of a YAML file, however deep, has a key twice.

    Raises
    ------
    ValueError
        In one line: the file, the key with the sections above it, and both lines.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # JSON may be indented by tabs, YAML not.
    text = Path(path).read_text(encoding="utf-8-sig").replace("\t", " ")
    _check_node(yaml.compose(text, loader), str(path), "")


def _check_node(node: yaml.Node | None, path: str, above: str) -> None:
    match node:
        case yaml.MappingNode():
            seen: dict[str, int] = {}
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                full, line = f"{above}{key.value}", key.start_mark.line + 1
                # Two sections merged by << may share keys: there the one that is written wins.
                if key.value in seen and key.value != "<<":
                    raise ValueError(
                        f"{path}: line {line}: config key {full}: is there twice, first in line "
                        f"{seen[key.value]}; keep one"
                    )
                seen[key.value] = line
                _check_node(value, path, f"{full}.")
        case yaml.SequenceNode():
            for item in node.value:
                _check_node(item, path, above)
