"""Which tensors of a CLIP model, as open_clip names them, are those of its network for images."""

import logging
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

log = logging.getLogger(__name__)

#: What begins the names of tensors of the image tower, of a tower that is one of timm's, and of
#: its projection to where texts are.
TOWER = "visual."
TRUNK = "visual.trunk."
PROJECTIONS = ("visual.proj", "visual.head.")
#: The same of the tower of texts, and of how texts and images are compared.
TEXTS = (
    "text.",
    "text_decoder.",
    "transformer.",
    "token_embedding.",
    "positional_embedding",
    "ln_final.",
    "text_projection",
    "attn_mask",
    "logit_scale",
    "logit_bias",
)


def image_tower(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the tensors of the image tower; the log names those of the tower of texts.

    Raises
    ------
    ValueError
        If there is no image tower, or tensors belong to neither tower.
    """
    projections = [name for name in state if name.startswith(PROJECTIONS)]
    texts = [name for name in state if name.startswith(TEXTS)]
    tower = [name for name in state if name.startswith(TOWER) and name not in projections]
    if not tower:
        raise ValueError(f"{path}: holds no tensor of an image tower, named {TOWER}...")
    if others := sorted(state.keys() - {*projections, *texts, *tower}):
        raise ValueError(
            f"{path}: {len(others)} of {len(state)} tensors belong to no tower ({others[0]!r}), "
            f"expected names that begin with {TOWER!r}, or those of texts"
        )
    if left := [*projections, *texts]:
        log.info(
            "%s: left out %d tensors of texts and of the projection to them: %s",
            path,
            len(left),
            ", ".join(left),
        )
    return {name: state[name] for name in tower}
