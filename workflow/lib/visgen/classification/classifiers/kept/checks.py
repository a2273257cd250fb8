"""What of a kept classifier is missing or misshapen, in one line each."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def check_numbers(
    tensors: Mapping[str, np.ndarray], name: str, shape: tuple[int | None, ...]
) -> None:
    """Refuse a tensor that does not hold finite numbers of a shape; None in it is any size.

    Raises
    ------
    ValueError
        If the tensor is missing, or of another type or shape, or a number is not finite.
    """
    _check_form(tensors, name, np.floating, shape)
    if not np.isfinite(tensors[name]).all():
        raise ValueError(
            f"tensor {name!r} of a kept classifier has gaps or infinite numbers, expected none"
        )


def check_places(
    tensors: Mapping[str, np.ndarray], name: str, shape: tuple[int | None, ...], n: int
) -> None:
    """Refuse a tensor that does not hold whole numbers from 0 to below `n`.

    Raises
    ------
    ValueError
        If the tensor is missing, or of another type or shape, or a number is out of range.
    """
    _check_form(tensors, name, np.integer, shape)
    outside = tensors[name][(tensors[name] < 0) | (tensors[name] >= n)]
    if len(outside):
        raise ValueError(
            f"tensor {name!r} of a kept classifier holds {outside[0]}, expected numbers from 0 to "
            f"{n - 1}"
        )


def check_count(about: Mapping[str, Any], name: str, least: int, most: int = 2**63 - 1) -> None:
    """Refuse words in which a name does not have a whole number from the least to the most.

    Raises
    ------
    ValueError
        If it is so.
    """
    value = about.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(
            f"{name!r} of a kept classifier is {value!r}, expected a whole number from {least} to "
            f"{most}"
        )


def _check_form(
    tensors: Mapping[str, np.ndarray], name: str, kind: type, shape: tuple[int | None, ...]
) -> None:
    expected = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
    if name not in tensors:
        raise ValueError(
            f"a kept classifier has no tensor {name!r}, expected one of shape {expected}"
        )
    found = tensors[name]
    if not np.issubdtype(found.dtype, kind):
        words = "whole numbers" if kind is np.integer else "floating-point numbers"
        raise ValueError(
            f"tensor {name!r} of a kept classifier holds {found.dtype}, expected {words}"
        )
    fits = len(found.shape) == len(shape) and all(
        size in (None, own) for own, size in zip(found.shape, shape, strict=True)
    )
    if not fits:
        own = "(" + ", ".join(map(str, found.shape)) + ")"
        raise ValueError(
            f"tensor {name!r} of a kept classifier has the shape {own}, expected {expected}"
        )
