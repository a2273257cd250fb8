"""Keys that a configuration had once, and what to write instead."""

import re
from collections.abc import Mapping
from typing import Any

_SEED = "there is one seed for all, the key seed"
_VARIANT = "it is an option of a variant, visual_genetic.variants.<name>.{}"

#: What replaced a key, by its path; ``*`` stands for a name of the user's own.
REMOVED = {
    "classification.classifiers.*.seed": _SEED,
    "embedding.image_permutations": "its place has embedding.specimen_permutations",
    "embedding.seed": _SEED,
    "backbones.*.preprocessing.interpolation": "images are resized as the model's own settings say",
    "backbones.*.seed": _SEED,
    "features.augmentation.seed": _SEED,
    "features.views": "its place has features.repeats, as views are those of specimens",
    "genetics.anchors.*.permutation": "permuted anchors are made by visual_genetic.variants.<name>."
    "permutations, as many as are wanted",
    "genetics.anchors.*.seed": _SEED,
    "genetics.kmers.scaling": "vectors of k-mers always have unit length",
    "genetics.seed": _SEED,
    "genetics.tree.seed": _SEED,
    "simclr.augmentation.blur": "views are not blurred",
    "simclr.seed": _SEED,
    "simclr.warm_up": "the learning rate rises over a tenth of the training",
    "simulation.planted_errors": "its place has simulation.planted, the number of sets of them",
    "visual_genetic.alignment.epochs": "its place has visual_genetic.alignment.steps, since passes "
    "over a small study move nothing",
    "visual_genetic.alignment.layer": _VARIANT.format("layer"),
    "visual_genetic.alignment.loss": _VARIANT.format("loss"),
    "visual_genetic.unseen.seed": _SEED,
}

_PATTERNS = {
    re.compile(re.escape(path).replace(r"\*", r"[^.]+")): what for path, what in REMOVED.items()
}


def check_removed(config: Mapping[str, Any]) -> None:
    """Refuse a key that is no more, and say what replaced it.

    Raises
    ------
    ValueError
        In one line: the key and what to write instead.
    """
    _check_part(config, "")


def _check_part(part: Any, path: str) -> None:
    if not isinstance(part, Mapping):
        return
    for key, value in part.items():
        full = f"{path}{key}"
        for pattern, what in _PATTERNS.items():
            if pattern.fullmatch(full):
                raise ValueError(f"config key {full}: is no more; {what}; leave it out")
        _check_part(value, f"{full}.")
