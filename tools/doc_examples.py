"""Run the examples of a page one after the other, and check what cannot be run."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.workspace import packages
from ttv_cli.checking import findings
from ttv_core import load_config
from ttv_core.yaml_loader import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tools.doc_pages import Block

__all__ = ["Session", "check_installs"]

_PLACEHOLDER = re.compile(r"^export (\w+)=\S*….*$", re.MULTILINE)
_FILE = re.compile(r"\A# ([\w./-]+\.(?:py|toml|yaml|yml))$", re.MULTILINE)
SITE = "TTV_EXAMPLES_SITE"
"""The variable that names the folder for packages which a page makes and installs."""
_SECONDS = 120
_ENVIRONMENT = ".environment"
_THE_SHELLS_OWN = {"_", "OLDPWD", "PWD", "SHLVL"}


class Session:
    """Runs the examples of one page, one after the other, in a folder of their own.

    Args:
        folder: Where they run; it must be the working folder. What they export is put into this
            process's environment.
        stand_ins: Text of an example to what is put there when it runs, such as an address.
    """

    def __init__(self, folder: Path, stand_ins: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.stand_ins = stand_ins or {}
        self.printed = ""
        self._checkers: dict[str, Callable[[str], Any]] = {
            "json": json.loads,
            "toml": tomllib.loads,
            "yaml": self._check_yaml,
        }
        self._names: dict[str, Any] = {"__name__": "__example__"}

    def take(self, block: Block) -> str | None:
        """Run or check a block.

        Args:
            block: One that has no excuse.

        Returns:
            What was done with it: "run", "checked" or "compared"; None if it is no example.

        Raises:
            AssertionError: If it fails, or is wrong.
            Exception: Whatever an example in Python raises.
        """
        text = self._put_in(block.text)
        named = _FILE.match(text)
        if named:
            path = self.folder / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n", encoding="utf-8")
        if named and named[1] != "ttv.yaml":
            self._check_file(block.language, named[1], text)
            return "checked"
        if block.language == "python":
            self._run_python(text)
            return "run"
        if block.language in {"sh", "bash", "console"}:
            self._run_shell(text, int(block.marks.get("exit", "0")))
            return "run"
        if "output" in block.marks:
            self._compare(block.text)
            return "compared"
        checker = self._checkers.get(block.language)
        if checker is None:
            return None
        checker(text)
        return "checked"

    def _check_file(self, language: str, name: str, text: str) -> None:
        """Check a file that is written for others to read."""
        if language == "python":
            compile(text, name, "exec")
        elif language == "yaml":
            parse_yaml(text)
        else:
            self._checkers[language](text)

    def _put_in(self, text: str) -> str:
        for written, meant in self.stand_ins.items():
            text = text.replace(written, meant)
        return text

    def _run_python(self, text: str) -> None:
        tree = ast.parse(text)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(tree, "<example>", "exec", flags, dont_inherit=True)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            made = eval(code, self._names)  # noqa: S307 - it is our own page
            if inspect.iscoroutine(made):
                asyncio.run(made)
        self.printed = out.getvalue()

    def _run_shell(self, text: str, code: int) -> None:
        # A value with … in it is for the reader to fill in; here it is there already.
        script = _PLACEHOLDER.sub(":", text.removeprefix("$ ").replace("\n$ ", "\n"))
        kept = self.folder / _ENVIRONMENT
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"trap 'env -0 > {kept}' EXIT\n{script}"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert ended.returncode == code, (
            f"exit code {ended.returncode}\n{ended.stdout}{ended.stderr}"
        )
        self.printed = ended.stdout
        exported = (item.partition("=") for item in kept.read_text(encoding="utf-8").split("\0"))
        os.environ.update({n: value for n, _, value in exported if n and n not in _THE_SHELLS_OWN})
        kept.unlink()

    def _compare(self, wanted: str) -> None:
        pattern = re.escape(_squeezed(wanted)).replace("…", ".*")
        same = re.fullmatch(pattern, _squeezed(self.printed), re.DOTALL)
        assert same, f"it prints\n{self.printed}\nand not\n{wanted}"

    def _check_yaml(self, text: str) -> None:
        """Check a configuration as `ttv config check` does."""
        path = self.folder / ".example.yaml"
        path.write_text(text, encoding="utf-8")
        variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "stand-in")
        with patch.dict(os.environ, variables):
            wrong = [each.message for each in findings(load_config(path)) if each.level == "error"]
        assert not wrong, "; ".join(wrong)


def _squeezed(text: str) -> str:
    """Return a text with each run of spaces as one: columns are as wide as what is in them."""
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def check_installs(arguments: list[str]) -> None:
    """Do what an example has pip do, as far as that can be done here.

    What comes from elsewhere is not fetched: our packages must exist, with their extras. A package
    of the page's own is really installed, into the folder of `SITE`.

    Args:
        arguments: Those of `pip`.

    Raises:
        SystemExit: If there is no such package.
    """
    members = packages()
    wanted = [word for word in arguments if not word.startswith("-") and word != "install"]
    for word in wanted:
        if word.startswith("."):
            how = ["--quiet", "--no-deps", "--no-build-isolation", "--upgrade"]
            command = [sys.executable, "-m", "pip", "install", *how, "--target", os.environ[SITE]]
            subprocess.run([*command, "."], check=True)
            continue
        requirement = Requirement(word)
        package = members.get(canonicalize_name(requirement.name))
        if package is None or not requirement.extras <= set(package.extras):
            sys.exit(f"no package of ours is {word}")


if __name__ == "__main__":
    check_installs(sys.argv[1:])
