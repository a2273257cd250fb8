"""Which features of a vector belong together: those of one layer and statistic."""

from collections.abc import Sequence
from typing import NamedTuple


class Block(NamedTuple):
    """Features that belong together, side by side in a vector.

    Attributes
    ----------
    layer
        As the config names it; `visgen.features.options.OWN` for the network's own output.
    statistic
        One of `visgen.features.options.STATISTICS`.
    n_features
        How many they are.
    """

    layer: str
    statistic: str
    n_features: int


def write_blocks(blocks: Sequence[Block]) -> str:
    """Return blocks in one line."""
    return " ".join(":".join(map(str, block)) for block in blocks)


def parse_blocks(text: str) -> list[Block]:
    """Return the blocks of a line that `write_blocks` wrote."""
    parts = [block.split(":") for block in text.split()]
    return [Block(layer, statistic, int(n)) for layer, statistic, n in parts]
