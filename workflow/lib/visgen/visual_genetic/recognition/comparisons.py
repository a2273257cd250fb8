"""Which variants are set beside each other: an aligned one, and its regime without anchors."""

from collections.abc import Mapping
from typing import Any


def base_variants(variants: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return, for each aligned variant, the first one of its regime that is not aligned.

    Aligned variants of a regime that has no such variant are left out.
    """
    plain = {}
    for name, variant in variants.items():
        if variant["anchors"] is None:
            plain.setdefault(variant["regime"], name)
    return {
        name: plain[variant["regime"]]
        for name, variant in variants.items()
        if variant["anchors"] is not None and variant["regime"] in plain
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
