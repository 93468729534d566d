"""Requests in a file: JSON Lines, CSV or YAML, read one by one."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ttv_core.errors import InvalidInputError
from ttv_core.request import VideoRequest
from ttv_core.results import Violation
from ttv_core.yaml_loader import YamlError, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

__all__ = ["Format", "Line", "as_line", "read_lines"]

Format = Literal["jsonl", "csv", "yaml"]
_OWN = ("backend", "name")
_NUMBERS: dict[str, type] = {
    "duration": float,
    "fps": float,
    "num_frames": int,
    "seed": int,
    "n": int,
}
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SWITCHES = frozenset({"audio", "enhance_prompt", "allow_unknown_cost", "overwrite", "sidecar"})


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a batch, which may be wrong.

    Attributes:
        number: Its place, from 1.
        request: What is asked; None where that could not be read.
        backend: Who is to make it, where it says so.
        name: The name that it is to get, where it says so.
        error: Why it could not be read.
    """

    number: int
    request: VideoRequest | None = None
    backend: str | None = None
    name: str = ""
    error: InvalidInputError | None = None

    @property
    def prompt(self) -> str:
        """What it asks for, in words."""
        return "" if self.request is None else self.request.prompt

    def wanted(self) -> VideoRequest:
        """Return what is asked.

        Raises:
            InvalidInputError: If it could not be read.
        """
        if self.request is None:
            assert self.error is not None
            raise self.error
        return self.request


def as_line(asked: Any, number: int, defaults: Mapping[str, Any] | None = None) -> Line:
    """Return a request of a batch, in whichever form it is given.

    Args:
        asked: A request, a prompt, or a mapping of its fields with `backend` and `name`.
        number: Its place.
        defaults: Fields for what a mapping does not say.
    """
    if isinstance(asked, Line):
        return asked
    if isinstance(asked, VideoRequest):
        return Line(number, asked)
    given = {"prompt": asked} if isinstance(asked, str) else asked
    if not isinstance(given, Mapping):
        return _wrong(number, f"it is a {type(asked).__name__}, not a set of fields")
    fields = {**(defaults or {}), **{str(key): value for key, value in given.items()}}
    own = {name: fields.pop(name, None) for name in _OWN}
    for name, value in own.items():
        if value is not None and not isinstance(value, str):
            return _wrong(number, f"{name} is {value!r}, and is to be a text", name)
    try:
        request = VideoRequest(**fields)
    except InvalidInputError as error:
        return Line(number, None, own["backend"], own["name"] or "", error)
    return Line(number, request, own["backend"], own["name"] or "")


def read_lines(
    file: TextIO, form: Format, defaults: Mapping[str, Any] | None = None
) -> Iterator[Line]:
    """Read requests one by one; one that is wrong is told in its place, and the rest is read on.

    Args:
        file: JSON Lines: an object, or a prompt in quotes, a line. CSV: the first line names the
            fields, and an empty cell leaves one out. YAML: a list, which is read as a whole.
        form: Which of them it is.
        defaults: Fields for what a request does not say.
    """
    reader = {"jsonl": _from_jsonl, "csv": _from_csv, "yaml": _from_yaml}[form]
    for number, asked in enumerate(reader(file), 1):
        if isinstance(asked, ValueError):
            yield _wrong(number, str(asked))
        else:
            yield as_line(asked, number, defaults)


def _wrong(number: int, message: str, field: str = "line") -> Line:
    return Line(number, error=InvalidInputError(violations=[Violation(field, "invalid", message)]))


def _from_jsonl(file: TextIO) -> Iterator[Any]:
    for text in file:
        if not text.strip():
            continue
        try:
            yield json.loads(text, object_pairs_hook=_once)
        except ValueError as error:
            yield ValueError(f"it is no JSON: {error}")


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            msg = f"{name!r} is there twice"
            raise ValueError(msg)
        found[name] = value
    return found


def _from_csv(file: TextIO) -> Iterator[Any]:
    rows = csv.reader(file, strict=True)
    names = [name.strip() for name in next(rows, [])]
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield ValueError(f"it is no CSV: {error}")
            continue
        if not row:
            continue
        if len(row) > len(names):
            yield ValueError(f"it has {len(row)} cells, and the first line names {len(names)}")
            continue
        try:
            yield {n: _cell(n, text) for n, text in zip(names, row, strict=False) if text.strip()}
        except ValueError as error:
            yield error


def _cell(name: str, text: str) -> Any:
    """Read a cell as its field wants it; what cannot be read is left to the request to refuse."""
    kind = _NUMBERS.get(name)
    if kind is not None:
        try:
            return kind(text)
        except ValueError:
            return text
    if name in _SWITCHES:
        return _WORDS.get(text.strip().lower(), text)
    if name in {"options", "tags", "inputs", "reference_images"}:
        return json.loads(text)
    return text


def _from_yaml(file: TextIO) -> Iterator[Any]:
    try:
        said = parse_yaml(file.read())
    except YamlError as error:
        yield ValueError(f"it is no YAML: {error}")
        return
    if not isinstance(said, list):
        yield ValueError("the file is no list of requests")
        return
    yield from said
