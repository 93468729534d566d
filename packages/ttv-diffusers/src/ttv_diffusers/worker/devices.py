"""Where a pipeline runs and in which numbers, as torch sees it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ttv_core.errors import BackendUnavailableError
from ttv_diffusers.protocol import Facts

if TYPE_CHECKING:
    import torch

__all__ = [
    "choose_device",
    "choose_dtypes",
    "facts",
    "free_memory",
    "peak_memory",
    "start_counting",
]


def choose_device(wanted: str) -> torch.device:
    """Return the device that is meant; for "auto" the fastest that torch can use.

    Raises:
        BackendUnavailableError: If torch cannot use the one that is wanted.
    """
    import torch

    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda:0")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind = wanted.partition(":")[0]
    if kind == "cuda" and not torch.cuda.is_available():
        built = "is built without CUDA" if torch.version.cuda is None else "finds no GPU"
        msg = f"device is {wanted}, but torch {torch.__version__} {built}"
        raise BackendUnavailableError(
            msg, code="no_cuda", charged="no", remedy="a build of torch with CUDA, or device: cpu"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        msg = "device is mps, but this machine has no Metal GPU that torch can use"
        raise BackendUnavailableError(msg, code="no_mps", charged="no", remedy="device: cpu")
    device = torch.device("cuda:0" if wanted == "cuda" else wanted)
    if kind == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        msg = f"device is {wanted}, but there are {torch.cuda.device_count()} GPUs"
        raise BackendUnavailableError(msg, code="no_cuda", charged="no", remedy="device: cuda:0")
    return device


def choose_dtypes(wanted: str, device: torch.device) -> Any:
    """Return what to compute in: bfloat16 with a float32 decoder on accelerators, else float32.

    In bfloat16 the decoder's error shows in the picture; it is a small part of the work.
    """
    import torch

    if wanted == "auto":
        wanted = "float32" if device.type == "cpu" else "bfloat16"
    dtype = getattr(torch, wanted)
    if dtype == torch.float32:
        return dtype
    return {"default": dtype, "vae": torch.float32, "image_encoder": torch.float32}


def free_memory(device: torch.device) -> int | None:
    """Return the bytes that are free on an accelerator; None where nobody says."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return None


def start_counting(device: torch.device) -> None:
    """Forget the peak of earlier jobs, where that can be done."""
    import torch

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> float | None:
    """Return the peak of memory in MB: of the device, or of the process on the CPU."""
    import torch

    if device.type == "cuda":
        return float(round(torch.cuda.max_memory_allocated(device) / 1e6, 1))
    if device.type == "mps":
        return float(round(torch.mps.driver_allocated_memory() / 1e6, 1))
    try:
        import resource
    except ImportError:  # Windows
        return None
    import sys

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6, 1)


def facts(wanted: str) -> Facts:
    """Say what torch finds on this machine.

    Raises:
        BackendUnavailableError: If it cannot use the device that is wanted.
    """
    import torch

    device = choose_device(wanted)
    names = ("torch", "diffusers", "transformers", "accelerate")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    versions = {package: version(package) for package in names}
    return Facts(versions, str(device), name, free_memory(device))
