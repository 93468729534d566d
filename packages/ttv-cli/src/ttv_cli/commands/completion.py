"""`ttv completion`: the script that makes a shell complete `ttv`."""

from __future__ import annotations

import click

EPILOG = """\b
Examples:
  ttv completion bash >> ~/.bashrc
  ttv completion zsh >> ~/.zshrc
  ttv completion fish > ~/.config/fish/completions/ttv.fish
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of SHELL; backends and models are completed too."""
    from click.shell_completion import get_completion_class

    from ttv_cli.main import cli
    from ttv_cli.terminal import print_line

    made = get_completion_class(shell)
    assert made is not None
    print_line(made(cli, {}, "ttv", "_TTV_COMPLETE").source())
    return 0
