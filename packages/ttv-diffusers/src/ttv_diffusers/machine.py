"""What this machine has, seen without torch."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

__all__ = ["available_memory", "gpu_memory"]


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Return the bytes of main memory that a new program can have; None where nobody says."""
    limits = [value for value in (_meminfo(meminfo), _cgroup()) if value is not None]
    return min(limits, default=None)


def _meminfo(file: Path) -> int | None:
    try:
        for line in file.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _cgroup(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what a container's limit leaves; None without one."""
    try:
        limit = int((folder / "memory.max").read_text(encoding="ascii"))
        used = int((folder / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" is no number
        return None
    return max(limit - used, 0)


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def gpu_memory(place: str, library: str = "libnvidia-ml.so.1") -> int | None:
    """Return the bytes that are free on an NVIDIA GPU, as its driver says; None if it is not there.

    Args:
        place: "cuda:0", "cuda:1", …: as the driver counts, if CUDA_VISIBLE_DEVICES is not set.
        library: The driver's management library.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES"):
        return None  # torch counts otherwise than the driver
    try:
        nvml = ctypes.CDLL(library)
    except OSError:
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    try:
        handle, memory = ctypes.c_void_p(), _Memory()
        number = int(place.partition(":")[2] or 0)
        if nvml.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle)) != 0:
            return None
        if nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) != 0:
            return None
        return int(memory.free)
    finally:
        nvml.nvmlShutdown()
