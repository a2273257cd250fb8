"""Which variants are set beside each other: what learned more beside what learned less."""

from collections.abc import Mapping
from typing import Any

#: What stage 2 does, from what learned least.
_LEVELS = ("features", "projection", "supervised", "anchors")


def references(variants: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return, for each variant, those of its regime that learned less, the main one first.

    Main is the regime as it is: its features in the regime control, whose projection is random,
    else what its projection makes of them. A supervised variant is a reference only where batches
    were dealt alike; those that differ in nothing but the anchors come first.

    Examples
    --------
    >>> variants = {
    ...     "seen": {"regime": "frozen", "stage2": "features", "sampling": None},
    ...     "learned": {"regime": "frozen", "stage2": "projection", "sampling": None},
    ...     "more": {"regime": "frozen", "stage2": "supervised", "sampling": "natural"},
    ...     "real": {"regime": "frozen", "stage2": "anchors", "sampling": "natural"},
    ...     "even": {"regime": "frozen", "stage2": "anchors", "sampling": "balanced"},
    ... }
    >>> references(variants)["real"], references(variants)["even"]
    (['learned', 'seen', 'more'], ['learned', 'seen'])
    """
    found = {}
    for name, variant in variants.items():
        level = _LEVELS.index(variant["stage2"])
        lower = [
            (_LEVELS.index(other["stage2"]), _differences(variant, other), place, of)
            for place, (of, other) in enumerate(variants.items())
            if other["regime"] == variant["regime"]
            and _LEVELS.index(other["stage2"]) < level
            and (other["stage2"] != "supervised" or other["sampling"] == variant["sampling"])
        ]
        main = "features" if variant["regime"] == "control" else "projection"
        lower.sort(key=lambda at: (_LEVELS[at[0]] != main, *at))
        found[name] = [of for *_, of in lower]
    return found


def _differences(variant: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """Return in how many options of learning a variant differs from a supervised one."""
    if other["stage2"] != "supervised":
        return 0
    names = ("schedule", "weight_decay", "norm_share")
    return sum(variant.get(name) != other.get(name) for name in names)


def base_variants(variants: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return, for each aligned variant, its main reference; those without any are left out."""
    return {
        name: beside[0]
        for name, beside in references(variants).items()
        if variants[name]["stage2"] == "anchors" and beside
    }


def not_aligned_last(
    variants: Mapping[str, Mapping[str, Any]], aligned: Mapping[str, bool]
) -> dict[str, dict[str, Any]]:
    """Return variants as `first_pairs` and `main_pair` are to choose: whatever is not aligned last.

    Parameters
    ----------
    variants
        By name: anchors, permutations.
    aligned
        As `visgen.visual_genetic.recognition.alignment.find_aligned` returns it.

    Examples
    --------
    >>> of_all = {"regime": "wd", "sampling": "natural", "anchors": "sgt", "stage2": "anchors"}
    >>> variants = {
    ...     "wd": of_all | {"anchors": None, "permutations": 0, "stage2": "projection"},
    ...     "still": of_all | {"permutations": 99},
    ...     "moved": of_all | {"permutations": 39},
    ... }
    >>> main_pair(variants)
    ('wd', 'still')
    >>> main_pair(not_aligned_last(variants, {"still": False, "moved": True}))
    ('wd', 'moved')
    """
    return {
        name: dict(variant)
        if variant["anchors"] is None or (aligned.get(name))
        else dict(variant) | {"permutations": -1 if name in aligned else -2}
        for name, variant in variants.items()
    }


def first_pairs(variants: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return, for each regime that has both, its variant without anchors and its main aligned one.

    Main is the variant with most permutations, of equals the first.
    """
    pairs: dict[str, str] = {}
    for name, base in base_variants(variants).items():
        best = pairs.get(base)
        if best is None or variants[name]["permutations"] > variants[best]["permutations"]:
            pairs[base] = name
    return list(pairs.items())


def main_pair(variants: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """Return the pair of `first_pairs` with most permutations, of equals the last; None without."""
    pairs = first_pairs(variants)
    return max(reversed(pairs), key=lambda pair: variants[pair[1]]["permutations"], default=None)
