"""A page of the backends that can be installed, those of other authors too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.site.markdown import table
from tools.workspace import packages
from ttv_core.known import known_backends

if TYPE_CHECKING:
    from ttv_core.known import KnownBackend

__all__ = ["known_page"]

_HEAD = """\
# Backends that can be installed

The list that `ttv backends --known` prints, with `--json` as data. Whoever asks for a backend that
is not installed is told its command from here. Nothing else depends on it: a backend that is not
listed works as well as any other, as soon as it is installed."""

_TAIL = """\
A [backend of your own](/guides/backends.md) is added to `known_backends.json` of ttv-core once it
is published; `known_backends.schema.json` beside it says what an entry holds. Being listed is no
promise that somebody else has read its code: installing a plugin runs it with your rights."""


def known_page() -> str:
    """Return the page, in Markdown."""
    head = ["backend", "what it makes", "install it with", "kept by", "licence"]
    return "\n\n".join([_HEAD, table(head, map(_row, known_backends())), _TAIL])


def _row(backend: KnownBackend) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in backend.names)
    if backend.distribution in packages():
        names = f"[{names}](backends/{backend.name}.md)"
    elif backend.url:
        names = f"[{names}]({backend.url})"
    install = f"`pip install {backend.distribution}`"
    return names, backend.summary, install, backend.by, backend.licence
