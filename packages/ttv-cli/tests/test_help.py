import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ttv_cli.main import COMMANDS, cli


@pytest.mark.parametrize(
    "words",
    [
        [],
        *([name] for name in COMMANDS),
        *(["config", name] for name in ("show", "check", "init")),
        *(["jobs", name] for name in ("show", "wait", "cancel", "adopt", "abandon", "purge")),
        ["jobs", "confirm-not-submitted"],
        *(["worker", name] for name in ("start", "list", "stop")),
    ],
)
def test_every_command_teaches_by_examples(words):
    done = CliRunner().invoke(cli, [*words, "--help"], prog_name="ttv")
    assert done.exit_code == 0
    assert "Examples:\n" in done.output
    example = "ttv " + " ".join(words)
    assert example in done.output.split("Examples:")[1]


def test_each_variable_of_plugins_has_a_line_of_its_own():
    lines = CliRunner().invoke(cli, ["plugins", "--help"], prog_name="ttv").output.splitlines()
    told = [line.split()[0] for line in lines if line.startswith("    TTV_")]
    assert told[-3:] == ["TTV_DISABLE_PLUGINS", "TTV_STRICT_PLUGINS=1", "TTV_TRACE_PLUGINS=1"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert COMMANDS[name].help.endswith(".")


def test_help_imports_no_command_and_nothing_heavy():
    code = (
        "import sys; from ttv_cli.main import main; main(['--help']);"
        "heavy = {'rich', 'pydantic', 'pluggy', 'yaml', 'ttv_core', 'numpy', 'av', 'json'};"
        "found = [m for m in sys.modules if m in heavy or m.startswith('ttv_cli.commands')];"
        "sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version(shell):
    done = shell.run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("ttv 0.")
    assert "ttv-core 0." in done.stdout


def test_a_typing_error_is_told_the_nearest(shell):
    done = shell.run("genrate", "a fox")
    assert done.returncode == 2
    assert "did you mean 'generate'?" in done.stderr
    assert shell.json("generate", "x", "--durration", "5", code=2)["error"]["code"] == "usage"


def test_no_command_shows_the_help(shell):
    done = shell.run()
    assert done.returncode == 2
    assert "Commands:" in done.stderr


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_completion_scripts(shell, name):
    done = shell.run("completion", name)
    assert done.returncode == 0
    assert "_TTV_COMPLETE" in done.stdout


def completed(shell, line):
    env = {"_TTV_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = shell.run(env=env)
    return [item.partition(",")[2] for item in done.stdout.splitlines() if item]


def test_names_of_backends_and_models_complete(shell):
    assert completed(shell, "ttv generate --backend s") == ["snail"]
    assert completed(shell, "ttv backends k") == ["keyed"]
    assert completed(shell, "ttv generate --backend snail --model s") == ["snail-1"]
    assert completed(shell, "ttv generate --backend nobody --model s") == []
    assert "generate" in completed(shell, "ttv g")
