import json
import os
import pty
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

FOX = ("generate", "a fox", "-b", "snail", "-d", "1", "-O", "wait=0.05", "-o", "fox.mp4")


def in_terminal(shell, *words, **env):
    """Run `ttv` in a terminal of 100 columns and return all that it draws, and its exit code."""
    leader, follower = pty.openpty()
    env = shell.env | {"COLUMNS": "100", "LINES": "30"} | env
    process = subprocess.Popen(
        [shell_command(), *words], cwd=shell.cwd, env=env, stdout=follower, stderr=follower
    )
    os.close(follower)
    drawn = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        drawn += piece
    os.close(leader)
    return drawn.decode(), process.wait(timeout=60)


def without_styles(drawn):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)


def shell_command():
    return str(Path(sysconfig.get_path("scripts")) / "ttv")


def test_a_terminal_shows_one_moving_line(shell):
    drawn, code = in_terminal(shell, *FOX)
    assert code == 0
    assert "━" in drawn
    assert re.search(r"running.*\d+ %.*0:0\d of about 0:0\d", drawn)
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1
    assert without_styles(drawn).rstrip().splitlines()[-1].startswith("fox.mp4 · 128x72")


def test_a_dumb_terminal_gets_lines(shell):
    drawn, code = in_terminal(shell, *FOX, TERM="dumb")
    assert code == 0
    assert "\x1b" not in drawn


def test_errors_are_red_on_a_terminal_unless_no_color(shell):
    drawn, code = in_terminal(shell, *FOX, "-d", "3")
    assert code == 2
    assert "\x1b[31merror:\x1b[0m" in drawn
    assert "to mend it:" in drawn
    plain, _ = in_terminal(shell, *FOX, "-d", "3", NO_COLOR="1")
    assert "\x1b" not in plain


def test_a_narrow_terminal_loses_no_words(shell):
    drawn, _ = in_terminal(shell, "plan", "a fox", "-d", "3", COLUMNS="60")
    lines = without_styles(drawn).splitlines()
    words = " ".join(lines).split()
    assert {"duration", "(allowed:", "4)", "KEYED_API_KEY=…"} <= set(words)
    assert max(map(len, lines)) <= 60


EVIL = "a\x1b]0;owned\x07fox [bold]x[/bold] [link=evil]"


def test_what_others_wrote_cannot_steer_the_terminal(shell):
    shell.backend("evil", "", "Evil", distribution="ttv-evil")
    plugin = shell.site / "evil_plugin.py"
    plugin.write_text(plugin.read_text().replace("A test", EVIL.encode("unicode_escape").decode()))
    for words in (["backends"], ["plan", "x"], ["doctor"], ["plugins"], ["config", "init", "-"]):
        done = shell.run(*words)
        assert "\x1b" not in done.stdout + done.stderr, words
        assert "\x07" not in done.stdout + done.stderr, words
    assert "[bold]x[/bold]" in shell.run("backends").stdout


def test_a_prompt_cannot_steer_the_terminal(shell):
    for words in (["generate", EVIL, "-b", "snail", "--dry-run"], ["plan", EVIL]):
        done = shell.run(*words)
        assert done.returncode == 2
        assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_a_terminal_without_utf8_gets_ascii(shell, env):
    done = shell.run("plan", "a fox", "-d", "3", env=env, text=False, encoding=None)
    assert done.returncode == 0, done.stderr
    assert b"duration 3 " in done.stdout
    done = shell.run(*FOX, env=env, text=False, encoding=None)
    assert done.returncode == 0, done.stderr
    assert b"fox.mp4" in done.stdout
    done = shell.run(
        "generate", "-", "-b", "snail", "--dry-run", "--json",
        env=env, text=False, encoding=None, input="ein Föhn".encode(),
    )  # fmt: skip
    assert json.loads(done.stdout)["native"]["prompt"] == "ein Föhn"


def test_a_reader_that_leaves_early_is_no_error(shell):
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{shell_command()} backends | head -1"],
        cwd=shell.cwd, env=shell.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("backend ")


def test_a_reader_that_never_came_is_no_error(shell):
    with shell.start("backends", "--json") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_no_one_reads_the_progress(shell):
    with shell.start(*FOX) as process:
        process.stderr.close()
        out = process.stdout.read()
    assert process.returncode == 0
    assert out.startswith("fox.mp4 · ")


def test_a_name_that_is_no_text_is_shown_all_the_same(shell):
    name = b"f\xff.mp4"
    done = shell.run(*FOX[:-1], name, "--no-sidecar", text=False, encoding=None)
    assert done.returncode == 0, done.stderr
    assert rb"f\udcff.mp4" in done.stdout
    assert (shell.cwd / os.fsdecode(name)).exists()


def test_the_doctor_is_in_colour_and_its_commands_stand_out(shell):
    shell.install("ttv-broken", "[ttv.backends]\nbroken = broken_plugin\n", broken_plugin="1/0")
    drawn, code = in_terminal(shell, "doctor")
    assert code == 3
    assert "\x1b[32myes" in drawn
    assert "\x1b[31mbroken" in drawn
    assert "\x1b[1mexport KEYED_API_KEY=…\x1b[0m" in drawn
    plain, _ = in_terminal(shell, "doctor", NO_COLOR="1")
    assert "    export KEYED_API_KEY=…" in plain
    assert "\x1b[3" not in plain
