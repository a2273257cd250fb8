"""Which unguided variant a variant is compared with."""

from collections.abc import Mapping
from typing import Any

from visgen.embedding.options import is_learned


def references(variants: Mapping[str, Mapping[str, Any]], reference: str | None) -> dict[str, str]:
    """Return the unguided variant that each variant is compared with.

    Parameters
    ----------
    variants
        By name: pooling, centre, guidance (None for none); one at least neither guided nor
        random.
    reference
        The same for all; None takes for a guided variant the first with its pooling (mean for a
        learned one) and centring that is not whitened, since a gain should be that of guidance
        alone, else the first with its centring, else the first, which is also that of unguided
        ones.

    Returns
    -------
    dict
        Names by name.
    """
    unguided = {
        name: variant
        for name, variant in variants.items()
        if variant["guidance"] is None and variant["pooling"] != "random"
    }

    first = next(iter(unguided))

    def of(variant: Mapping[str, Any]) -> str:
        if reference is not None:
            return reference
        if variant["guidance"] is None:
            return next((name for name in unguided if not unguided[name]["whiten"]), first)
        pooling = "mean" if is_learned(variant["pooling"]) else variant["pooling"]
        # Of equally good ones, the first.
        return max(
            unguided,
            key=lambda name: (
                not unguided[name]["whiten"],
                unguided[name]["centre"] == variant["centre"],
                unguided[name]["pooling"] == pooling,
            ),
        )

    return {name: of(variant) for name, variant in variants.items()}
