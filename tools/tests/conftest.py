"""A workspace of one small package, with a history of its own."""

from __future__ import annotations

import os
import subprocess
import textwrap

import pytest

from tools.workspace import Package

PROJECT = """
[project]
name = "{name}"
version = "{version}"
requires-python = ">=3.11"
license = "MIT"

[project.optional-dependencies]
media = ["av>=16"]

[project.entry-points."ttv.backends"]
fox = "ttv_fox.plugin"
"""


class Made(Package):
    """A package whose files the test writes, and reads anew."""

    def write(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def release(self, version):
        """Set the version."""
        self.__dict__.pop("pyproject", None)
        self.write("pyproject.toml", PROJECT.format(name=self.folder.name, version=version))

    def source_is(self, text):
        self.write(f"src/{self.module}/__init__.py", text)

    def git(self, *words):
        known = {
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }
        known |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        root = self.folder.parent.parent
        subprocess.run(["git", *words], cwd=root, env=os.environ | known, check=True)

    def commit(self, *tags):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change something")
        for tag in tags:
            self.git("tag", tag)


@pytest.fixture
def package(tmp_path):
    """The package `ttv-fox` 0.1.0, in a repository without a commit."""
    made = Made(tmp_path / "packages" / "ttv-fox")
    made.release("0.1.0")
    made.source_is("")
    made.git("init", "--quiet")
    return made
