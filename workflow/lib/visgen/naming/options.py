"""What names of unnamed specimens can be taken from."""

from collections.abc import Sequence

CLASSIFICATION, PRIOR = "classification", "prior"
#: Before the name of a variant.
NETWORK = "visual_genetic."

HEADS = {
    CLASSIFICATION: "the classifier that validation chose for all ranks together",
    PRIOR: "what taxa are expected to look like by their relatives, in closed form",
    f"{NETWORK}<variant>": "the network of one of its variants, as it was trained",
}


def with_versions_of(augment: Sequence[str]) -> str:
    """Say behind what names are taken from which degraded versions are learned from too.

    >>> with_versions_of(["grey", "blurred"])
    '; pictures that are made grey, blurred are learned from too'
    """
    if not augment:
        return ""
    return f"; pictures that are made {', '.join(augment)} are learned from too"
