"""A group of commands that imports a command only when it is used."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import click

__all__ = ["Lazy", "LazyGroup"]


class Lazy(NamedTuple):
    """A command that is not imported yet.

    Attributes:
        place: "module:attribute" of the command.
        help: Its line in the list of commands.
    """

    place: str
    help: str


class LazyGroup(click.Group):
    """Lists its commands from text, so that help and typing errors import none of them.

    Args:
        lazy: Name to command.
        **facts: As for `click.Group`.
    """

    def __init__(self, *, lazy: dict[str, Lazy], **facts: Any) -> None:
        super().__init__(**facts)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they are told."""
        del ctx
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name].place.partition(":")
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self._lazy.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; a typing error is told the nearest."""
        name = args[0]
        if name in self._lazy or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        import difflib

        near = difflib.get_close_matches(name, self._lazy, n=1)
        known = f"did you mean {near[0]!r}?" if near else f"commands: {', '.join(self._lazy)}"
        raise click.UsageError(f"there is no command {name!r}; {known}", ctx=ctx)
