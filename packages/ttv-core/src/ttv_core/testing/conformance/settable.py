"""What a conformance class may set, as text: from the docstrings of the classes that read it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ttv_core.described import attributes
from ttv_core.testing.conformance.backend import BackendConformance
from ttv_core.testing.conformance.local import LocalConformance
from ttv_core.testing.conformance.remote import RemoteConformance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["settable"]

_WIDTH = 100


def settable() -> str:
    """Return what every class may set, and what each kind may set besides."""
    every = attributes(BackendConformance)
    lines = ["What every class sets, or has:", "", *_lines(every)]
    for kind in (LocalConformance, RemoteConformance):
        said = attributes(kind)
        more = {name: text for name, text in said.items() if every.get(name) != text}
        if more:
            lines += ["", f"`{kind.__name__}` besides:", "", *_lines(more)]
    return "\n".join(lines)


def _lines(said: Mapping[str, str]) -> Iterator[str]:
    place = max(map(len, said)) + 6
    for name, text in said.items():
        first = f"    {name}".ljust(place)
        yield textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=" " * place)
