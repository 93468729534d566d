"""`ttv config`: show, check or begin the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ttv_cli import options

EPILOG = """\b
Examples:
  ttv config init
  ttv config check
  ttv config show --json

Looked for in this order: --config, TTV_CONFIG, ./ttv.yaml, ./pipeline_config.yaml, the user's
configuration folder. Secrets are never shown.
"""


@click.group(epilog=EPILOG)
def config() -> None:
    """Show, check or begin the configuration."""


@config.command(
    epilog="\b\nExamples:\n  ttv config show\n  ttv config show --config other.yaml --json"
)
@options.config_option
@options.json_option
def show(config_file: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Show the configuration in use, secrets hidden, and where it is from."""
    import ttv_core
    from ttv_cli.terminal import one_line, print_json, print_line
    from ttv_core.config import redacted

    read = ttv_core.load_config(config_file)
    values = redacted(read.values)
    if as_json:
        looked = [str(path) for path in _places()]
        source = str(read.source) if read.source else None
        print_json({"file": source, "looked_for": looked, "values": values})
        return 0
    if read.source is None:
        print_line("# no configuration file; everything has its default. Looked for:")
        for path in _places():
            print_line(f"#   {one_line(path)}")
        print_line("# ttv config init writes one")
        return 0
    print_line(f"# from {one_line(read.source)}; secrets are hidden")
    for line in _as_yaml(values).splitlines():
        print_line(one_line_kept(line))
    return 0


@config.command(epilog="\b\nExamples:\n  ttv config check\n  ttv config check --config new.yaml")
@options.config_option
@options.json_option
def check(config_file: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Check the configuration and every backend's part of it; exit code 2 if it has errors."""
    import ttv_core
    from ttv_cli.checking import findings
    from ttv_cli.exits import USAGE
    from ttv_cli.terminal import note, one_line, print_json, print_line, write_error

    read = ttv_core.load_config(config_file)
    found = findings(read)
    errors = [finding for finding in found if finding.level == "error"]
    if as_json:
        source = str(read.source) if read.source else None
        said = [finding._asdict() for finding in found]
        print_json({"ok": not errors, "file": source, "findings": said})
        return USAGE if errors else 0
    for finding in found:
        note(finding.message, kind=finding.level, style="red" if finding in errors else "yellow")
        if finding.remedy:
            write_error(f"  to mend it: {one_line(finding.remedy)}")
    where = one_line(read.source or "no configuration file")
    many = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    print_line(f"{where}: {many if errors else 'fine'}")
    return USAGE if errors else 0


@config.command(
    epilog="\b\nExamples:\n  ttv config init\n  ttv config init videos/ttv.yaml --force"
)
@click.argument("file", default="ttv.yaml", type=click.Path(dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@options.json_option
def init(file: str, force: bool, as_json: bool) -> int:  # noqa: FBT001
    """Write a configuration to begin with; FILE is ./ttv.yaml when left out."""
    from ttv_cli.template import template
    from ttv_cli.terminal import one_line, print_json, print_line
    from ttv_core import OutputError

    path = Path(file)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(template())
    except FileExistsError as error:
        msg = f"{path} exists and is not replaced"
        raise OutputError(msg, code="exists", remedy="another name, or --force") from error
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}"
        raise OutputError(msg, code="no_folder", remedy="write elsewhere") from error
    if as_json:
        print_json({"file": str(path)})
    else:
        print_line(one_line(f"{path} written; every line in it is a comment until you change it"))
    return 0


def _places() -> list[Path]:
    import os

    from ttv_core.config import config_paths

    named = os.environ.get("TTV_CONFIG")
    return [*([Path(named)] if named else []), *config_paths()]


def _as_yaml(values: Any) -> str:
    import yaml

    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=False)


def one_line_kept(line: str) -> str:
    """Return a line fit for a terminal with its indentation."""
    from ttv_cli.terminal import one_line

    bare = line.lstrip(" ")
    return " " * (len(line) - len(bare)) + one_line(bare)
