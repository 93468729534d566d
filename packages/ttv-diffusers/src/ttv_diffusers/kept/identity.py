"""Where a kept worker and whoever would use it must agree, so that both would load the same."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from ttv_core.settings import looks_secret
from ttv_diffusers.desk import environment_for, place_of
from ttv_diffusers.environment import engine_variables, worker_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ttv_diffusers.checkpoint import Checkpoint
    from ttv_diffusers.settings import EngineSettings

__all__ = ["differences", "identity", "name_of", "where_it_is"]

_PROGRAM = ("ttv-diffusers", "torch", "diffusers", "transformers", "accelerate")


def where_it_is(checkpoint: Checkpoint) -> str:
    """Return the folder of a checkpoint as every process finds it, or its id on the hub."""
    return checkpoint.source if checkpoint.folder is None else os.path.realpath(checkpoint.folder)


def identity(settings: EngineSettings, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what decides what a worker has loaded and how it computes; JSON-able.

    The device is the one that is meant, whatever it is called; the number of threads is each job's.
    """
    levers = settings.levers | {"device": place_of(settings.device)}
    del levers["threads"]
    return {
        "checkpoint": where_it_is(checkpoint),
        "weights": None if checkpoint.folder is None else _stamp(checkpoint.folder),
        **levers,
        "pass_environment": sorted(settings.pass_environment),
        "program": {"python": sys.executable, **{name: _version(name) for name in _PROGRAM}},
        "variables": dict(_variables(settings)),
    }


def name_of(whole: Mapping[str, Any]) -> str:
    """Return a short name that is another for everything that differs."""
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:8]


def differences(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Say in words where a kept worker is not as it is wanted."""
    found: list[str] = []
    for name in sorted({*kept, *wanted}):
        there, here = kept.get(name), wanted.get(name)
        if there == here:
            continue
        if name == "weights":
            found.append("the files of the weights have changed since it started")
        elif name == "variables":
            found += [
                f"the environment variable {each} is another" for each in _unlike(there, here)
            ]
        elif name == "program":
            found += [
                f"{each} is {(there or {}).get(each)} there and {(here or {}).get(each)} here"
                for each in _unlike(there, here)
            ]
        else:
            found.append(f"{name} is {there} there and {here} here")
    return found


def _unlike(there: Any, here: Any) -> list[str]:
    one, other = dict(there or {}), dict(here or {})
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _stamp(folder: Path) -> str:
    """Return what changes when a file of the folder does: names, sizes and times of all of them."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)  # noqa: PTH118 - many files, and no objects
            with contextlib.suppress(OSError):  # a link to nowhere
                status = os.stat(path)  # noqa: PTH116
                found.append(f"{path[len(str(folder)) :]} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _variables(settings: EngineSettings) -> Iterator[tuple[str, str]]:
    """Yield the variables that bear on the work; told apart, but not told: it goes to a file.

    Where something is put by bears on nothing, and torch itself sets such a variable.
    """
    whole = worker_environment(environment_for(settings), offline=not settings.allow_download)
    for name, value in engine_variables(whole).items():
        if not looks_secret(name) and not name.endswith(("_DIR", "_CACHE")):
            yield name, hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()[:12]
