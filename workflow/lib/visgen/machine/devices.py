"""The processor a network runs on, and the arithmetic that is fast on it."""

import torch

from visgen.machine.options import PRECISIONS


def pick_device() -> torch.device:
    """Return CUDA, else MPS, else the CPU: the first that is there."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def pick_precision(wanted: str, device: torch.device) -> torch.dtype:
    """Return the arithmetic of the forward pass.

    Parameters
    ----------
    wanted
        ``float32``, ``bfloat16``, or ``auto``: bfloat16 where the processor has instructions for
        it (it is then 1.3 to 4 times faster, and vectors keep a cosine of 0.9998 or more to
        those in float32), else float32.
    device
        Where the network runs.
    """
    match wanted:
        case "float32":
            return torch.float32
        case "bfloat16":
            return torch.bfloat16
        case "auto":
            return torch.bfloat16 if _computes_in_bfloat16(device) else torch.float32
    raise ValueError(f"precision: found {wanted!r}, expected one of {', '.join(PRECISIONS)}")


def _computes_in_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu.get_capabilities().get("avx512_bf16", False)


def fix_kernels() -> None:
    """Have a GPU convolve in float32 where that is asked for, by one algorithm in all runs."""
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True


def describe_device(device: torch.device) -> str:
    """Return a name for logs and provenance, such as ``cuda (NVIDIA H200)``."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type
