"""Whether what is asked of views of specimens goes with the variants of an embedding."""

from collections.abc import Mapping
from typing import Any

from visgen.embedding.options import is_learned


def check_views(section: Mapping[str, Any]) -> None:
    """Check that views are told apart only where each variant can.

    Raises
    ------
    ValueError
        In one line: the key, what was found and what was expected.
    """
    how = section["views"]
    if how == "average":
        return
    for name, variant in section["variants"].items():
        guidance = variant["guidance"] or {}
        in_vain = {"guidance.fine_tune": guidance.get("fine_tune") is not None}
        if how == "join":
            in_vain |= {
                "per_taxon": variant["per_taxon"] is not None,
                "pooling": is_learned(variant["pooling"]),
            }
        for option, is_given in in_vain.items():
            if is_given:
                raise ValueError(
                    f"config key embedding.variants.{name}.{option}: does not go with "
                    f"embedding.views {how!r}; leave one of the two out"
                )
