"""`ttv new-backend`: write the package of a new backend, whole and tested."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ttv_cli import options
from ttv_cli.package_templates import LICENCES

if TYPE_CHECKING:
    from ttv_cli.package_templates import NewPackage

EPILOG = """\b
Examples:
  ttv new-backend acme
  ttv new-backend acme --local
  ttv new-backend acme-film --licence Apache-2.0 --author "Jane Doe" -o ~/code/ttv-acme-film

What is written works at once: a remote backend at an invented vendor, which comes with it and runs
on loopback, or a local one that makes simple pictures. It passes its own tests, ruff and mypy. Its
README says step by step how to make it yours. Nothing is downloaded, and no folder overwritten.

\b
What is written:
  pyproject.toml               the entry point, and a range on ttv-core
  src/ttv_NAME/plugin.py       what is read before the backend is used
  src/ttv_NAME/models.yaml     what each model can do, as data
  src/ttv_NAME/settings.py     what can be set
  src/ttv_NAME/generator.py    the backend
  src/ttv_NAME/replies.py      remote: the vendor's answers and errors
  tests/                       the contract, the backend's own, and remote: the vendor on loopback
  .github/                     tests, and a release by trusted publishing, with attestations
  README.md, CHANGELOG.md, LICENSE, .gitignore
"""


@click.command(epilog=EPILOG)
@click.argument("name")
@click.option(
    "--remote", "kind", flag_value="remote", default="remote", help="At a vendor (default)."
)
@click.option("--local", "kind", flag_value="local", help="On the user's own machine.")
@click.option(
    "--output",
    "-o",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where; otherwise ./ttv-NAME. It must not be there yet.",
)
@click.option(
    "--licence",
    "--license",
    type=click.Choice(LICENCES, case_sensitive=False),
    default="MIT",
    show_default=True,
    help="Of the package's own code.",
)
@click.option("--author", metavar="TEXT", default="", help="Who holds the rights.")
@options.json_option
def new_backend(
    name: str,
    kind: str,
    folder: Path | None,
    licence: str,
    author: str,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Write a package for a new backend called NAME, in a folder of its own."""
    from datetime import datetime
    from importlib.metadata import version

    from ttv_cli.backend_names import objection
    from ttv_cli.package_templates import NewPackage

    name = name.removeprefix("ttv-")
    if wrong := objection(name):
        raise click.BadParameter(wrong, param_hint="NAME")
    if not author.isprintable():
        raise click.BadParameter("it must be one line of text", param_hint="--author")
    package = NewPackage(
        name=name,
        kind=kind,
        licence=licence,
        author=author.strip(),
        core=version("ttv-core"),
        today=datetime.now().astimezone().date(),
    )
    place = (folder or Path(package.distribution)).expanduser()
    _tell(package, place, _written(package, place), as_json=as_json)
    return 0


def _written(package: NewPackage, place: Path) -> list[str]:
    try:
        return package.write(place)
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(place):
            msg = f"{place} is there already, and nothing is overwritten; choose another with -o"
        else:
            msg = f"{place} cannot be written: {error.strerror or error}"
        raise click.UsageError(msg) from error


def _tell(package: NewPackage, place: Path, written: list[str], *, as_json: bool) -> None:
    import shlex
    import sys

    from ttv_cli.terminal import one_line, print_json, print_line, styled

    commands = [
        f"cd {shlex.quote(str(place))}",
        'python -m venv .venv && .venv/bin/pip install -e ".[dev]"',
        ".venv/bin/pytest",
    ]
    if as_json:
        facts = {"name": package.name, "kind": package.kind, "licence": package.licence}
        facts |= {"distribution": package.distribution, "module": package.module}
        print_json({**facts, "folder": str(place.absolute()), "files": written, "next": commands})
        return
    print_line(f"{one_line(place)}: {len(written)} files of {package.distribution}, {package.kind}")
    print_line()
    print_line("next:")
    for command in commands:
        print_line(f"  {styled(one_line(command), 'bold', sys.stdout)}")
    print_line()
    print_line("then make it yours: README.md says how, step by step")
