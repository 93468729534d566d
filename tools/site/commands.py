"""The reference of the command line, from what the commands themselves say."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import click

from tools.site.markdown import cell, fence, table
from ttv_cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["commands_page"]

_OPTION = re.compile(r"(?<![`\w-])--[a-z][a-z-]*")


def commands_page() -> str:
    """Return the page of all commands, in Markdown."""
    parts = [
        "# Commands",
        "This page is what `ttv COMMAND --help` prints.",
        *_command(cli, "ttv", None, 2),
    ]
    return "\n\n".join(parts)


def _command(
    command: click.Command, path: str, parent: click.Context | None, level: int
) -> Iterator[str]:
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    context.max_content_width = 96
    yield f"{'#' * level} {path}"
    yield _text(command.help)
    yield fence(context.get_usage().removeprefix("Usage: "))
    params = [param for param in command.params if isinstance(param, click.Option)]
    options = [record for param in params if (record := param.get_help_record(context))]
    if options:
        rows = [(f"`{name}`", cell(_text(said))) for name, said in options]
        yield table(("option", "meaning"), rows)
    if command.epilog:
        yield from _epilog(command.epilog)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _command(child, f"{path} {name}", context, level + 1)


def _text(text: str | None) -> str:
    """Return a text with its options as code: two hyphens are no dash."""
    return _OPTION.sub(r"`\g<0>`", inspect.cleandoc(text or "").replace("\b\n", ""))


def _epilog(text: str) -> Iterator[str]:
    """Return what follows the options: what is laid out by hand stays as it is."""
    for part in inspect.cleandoc(text).split("\n\n"):
        if part.startswith("\b\n"):
            heading, _, rest = part.removeprefix("\b\n").partition("\n")
            yield f"**{heading.rstrip(':')}**"
            yield fence(inspect.cleandoc(f"\n{rest}"), "sh" if heading == "Examples:" else "text")
        else:
            yield _text(part)
