"""Whether timm has the networks that a configuration names; timm is not imported, which takes long.

Its models are functions, and words for weights stand behind their names, in the sources of
`timm.models`.
"""

import difflib
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visgen.features.options import is_told_by_file

_REGISTERED = re.compile(r"^@register_model\s+def (\w+)\(", re.MULTILINE)
_RENAMED = re.compile(r"^register_model_deprecations\(.*?^\}\)", re.MULTILINE | re.DOTALL)
_KEY = re.compile(r"['\"](\w+)['\"]\s*:")


def check_models(backbones: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that every backbone's model is one of timm's, where timm is installed.

    Raises
    ------
    ValueError
        In one line: the key, what was found and names like it.
    """
    package = find_spec("timm")
    if package is None or package.origin is None:
        return  # jobs have it in their own environment
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(Path(package.origin).parent.glob("models/**/*.py"))
    )
    models = set(_REGISTERED.findall(text))
    known = models.union(*(_KEY.findall(part) for part in _RENAMED.findall(text)))
    for name, backbone in backbones.items():
        if is_told_by_file(backbone["model"]):
            continue  # by one that is on a hub, or whose config is read when it is converted
        model, _, tag = backbone["model"].partition(".")
        if model in known:
            if not tag or re.search(rf"\b{re.escape(tag)}\b", text):
                continue
            near = sorted(set(re.findall(rf"['\"]({model}\.\w+)['\"]", text)))[:8]
        else:
            near = difflib.get_close_matches(model.lower(), sorted(models), n=5)
        raise ValueError(
            f"config key backbones.{name}.model: found {backbone['model']!r}, which timm does not "
            f"have; similar: {', '.join(near) or 'none'}"
        )
