"""A workspace of one small package, with a history of its own."""

from __future__ import annotations

import os
import subprocess
import textwrap

import pytest

from tools.workspace import Package

PROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "{version}"
description = "Foxes"
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
license-files = ["LICENSE"]
authors = [{{ name = "The foxes" }}]
keywords = ["fox"]
classifiers = ["Programming Language :: Python :: 3"]
dependencies = ["ttv-core>=0.1,<0.2"]

[project.optional-dependencies]
media = ["av>=16"]

[project.entry-points."ttv.backends"]
fox = "ttv_fox.plugin"
"""
CHANGELOG = """# Changelog of ttv-fox

<!-- towncrier release notes start -->
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


def make_package(folder):
    """Return the package `ttv-fox` 0.1.0, in a repository without a commit."""
    made = Made(folder / "packages" / "ttv-fox")
    made.release("0.1.0")
    for path, text in {
        "src/ttv_fox/__init__.py": "",
        "src/ttv_fox/py.typed": "",
        "src/ttv_fox/plugin.py": "",
        "README.md": "# Foxes",
        "LICENSE": "MIT",
        "CHANGELOG.md": CHANGELOG,
        "tests/test_fox.py": "",
    }.items():
        made.write(path, text)
    made.git("init", "--quiet")
    return made


@pytest.fixture
def package(tmp_path):
    """A package of the test's own."""
    return make_package(tmp_path)
