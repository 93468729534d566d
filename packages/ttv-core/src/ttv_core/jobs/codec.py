"""Write plans as JSON and read them back whole, so that another process can go on with them.

Bytes that were given in memory are kept in a folder of the job's own, not in the journal.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core.inputs import MediaInput
from ttv_core.planning import Plan
from ttv_core.request import VideoRequest
from ttv_core.results import Adjustment, CostEstimate, ExpectedVideo

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["decode_plan", "encode_plan", "is_same"]

_TAG = "$"
_LONGEST_INLINE = 64 * 1024


class _Spool:
    """The bytes of a job, each under its sha256, in a folder that only the user can read."""

    def __init__(self, folder: Path, *, write: bool = True) -> None:
        self.folder = folder
        self.write = write

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self.folder / name
        if self.write and not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = path.with_suffix(f".{os.getpid()}")
            handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(handle)
            new.replace(path)
        return str(path)


def encode_plan(plan: Plan, folder: Path) -> dict[str, Any]:
    """Return a plan as JSON-able data that `decode_plan` reads back.

    Args:
        plan: The plan.
        folder: Where bytes that are in no file yet are kept; made when needed.

    Raises:
        TypeError: If `native` holds something that cannot be kept.
        OSError: If bytes cannot be written.
    """
    spool = _Spool(folder)
    request = {name: getattr(plan.request, name) for name in plan.request.model_fields_set}
    return {
        "backend": plan.backend,
        "model": plan.model,
        "mode": plan.mode,
        "native": _encode(plan.native, spool),
        "adjustments": [_encode(_fields(item), spool) for item in plan.adjustments],
        "warnings": list(plan.warnings),
        "cost": _encode(_fields(plan.cost), spool),
        "expected": _encode(_fields(plan.expected), spool),
        "request": _encode(request, spool),
    }


def decode_plan(data: Mapping[str, Any]) -> Plan:
    """Return the plan that `encode_plan` wrote."""
    return Plan(
        backend=data["backend"],
        model=data["model"],
        mode=data["mode"],
        native=_decode(data["native"]),
        adjustments=tuple(Adjustment(**_decode(item)) for item in data["adjustments"]),
        violations=(),
        warnings=tuple(data["warnings"]),
        cost=CostEstimate(**_decode(data["cost"])),
        expected=ExpectedVideo(**_decode(data["expected"])),
        request=VideoRequest(**_decode(data["request"])),
    )


def is_same(data: Mapping[str, Any], plan: Plan, folder: Path) -> bool:
    """Tell whether a plan sends what a kept one did; the bytes that were kept may be gone.

    Args:
        data: What `encode_plan` wrote.
        plan: The plan.
        folder: The folder that it wrote with.
    """
    native = _encode(plan.native, _Spool(folder, write=False))
    return bool((data["backend"], data["native"]) == (plan.backend, native))


def _fields(record: Any) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in dataclasses.fields(record)}


def _encode(value: Any, spool: _Spool) -> Any:  # noqa: PLR0911 - a line for each kind
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        long = len(value) > _LONGEST_INLINE
        return {_TAG: "text", "at": spool.put(_utf8(value))} if long else value
    if isinstance(value, bytes | bytearray | memoryview):
        return {_TAG: "bytes", "at": spool.put(bytes(value))}
    if isinstance(value, list):
        return [_encode(item, spool) for item in value]
    if isinstance(value, tuple):
        return {_TAG: "tuple", "of": [_encode(item, spool) for item in value]}
    if isinstance(value, dict):
        if any(not isinstance(key, str) for key in value) or _TAG in value:
            msg = "the keys of native parameters are texts other than '$'"
            raise TypeError(msg)
        return {key: _encode(item, spool) for key, item in value.items()}
    return _encode_object(value, spool)


def _encode_object(value: Any, spool: _Spool) -> Any:
    if isinstance(value, Decimal):
        return {_TAG: "decimal", "is": str(value)}
    if isinstance(value, Path):
        return {_TAG: "path", "is": str(value.absolute())}
    if isinstance(value, MediaInput):
        source = value.source
        if isinstance(source, bytes):
            source = Path(spool.put(source))
        return {_TAG: "input", "role": value.role, "source": _encode(source, spool)}
    msg = f"native parameters hold a {type(value).__name__}, which cannot be kept in the journal"
    raise TypeError(msg)


def _decode(value: Any) -> Any:  # noqa: PLR0911 - likewise
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(_TAG)
    if kind is None:
        return {key: _decode(item) for key, item in value.items()}
    if kind == "tuple":
        return tuple(_decode(item) for item in value["of"])
    if kind == "input":
        return MediaInput(role=value["role"], source=_decode(value["source"]))
    if kind in {"bytes", "text"}:
        data = _kept(Path(value["at"]))
        return data if kind == "bytes" else data.decode("utf-8", "surrogatepass")
    return {"decimal": Decimal, "path": Path}[kind](value["is"])


def _kept(path: Path) -> bytes:
    """Return bytes that were kept; none once the vendor has them, for then they are let go."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
