"""The package of a new backend: its files, from the templates that come with this one."""

from __future__ import annotations

import json
import re
import shutil
import string
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = ["LICENCES", "NewPackage"]

LICENCES = ("MIT", "Apache-2.0", "BSD-3-Clause")
_TABLE = "<!-- models -->\n<!-- /models -->"
_SUMMARY = {"remote": "{title}'s video API", "local": "{title} on your own machine"}
_NEEDS = {
    "remote": ["ttv-core[remote]{range}"],
    "local": ["numpy>=2", "ttv-core[media]{range}"],
}


class _Template(string.Template):
    """A template whose placeholders are @@{name}: `$` and `{` have uses of their own in files."""

    delimiter = "@@"


@dataclass(frozen=True, kw_only=True)
class NewPackage:
    """The package of a backend that is not written yet.

    Attributes:
        name: The backend's name: lower case letters, digits and single hyphens.
        kind: "remote" or "local".
        licence: One of `LICENCES`.
        author: Who holds the rights; the developers of the package when left out.
        core: The version of ttv-core that it is written for.
        today: The day on which it is written.
    """

    name: str
    kind: str
    licence: str
    author: str
    core: str
    today: dt.date

    @property
    def distribution(self) -> str:
        """The name that is installed."""
        return f"ttv-{self.name}"

    @property
    def module(self) -> str:
        """The name that is imported."""
        return self.distribution.replace("-", "_")

    def write(self, folder: Path) -> list[str]:
        """Write the package into a folder that is not there yet.

        Args:
            folder: Where; made, with the folders above it.

        Returns:
            The files written, relative to the folder, sorted.

        Raises:
            FileExistsError: If there is something of that name.
            OSError: If it cannot be written; then nothing is left.
        """
        contents = self.contents()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        try:
            for path, text in contents.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
            self._tell_models(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return sorted(contents)

    def contents(self) -> dict[str, str]:
        """Return the text of each file, by its path in the package."""
        values = self._values()
        home = files("ttv_cli") / "templates"
        found = {}
        for part in ("common", self.kind):
            for path, text in _texts(home / part):
                found[path.replace("MODULE", self.module)] = _Template(text).substitute(values)
        licence = (home / "licences" / f"{self.licence}.txt").read_text(encoding="utf-8")
        found["LICENSE"] = _Template(licence).substitute(values)
        return found

    def _tell_models(self, folder: Path) -> None:
        """Write the README's table of models from the data, as the package's own test wants it."""
        from ttv_core import models_from
        from ttv_core.testing import models_table

        table = models_table(models_from(folder / "src" / self.module / "models.yaml"))
        readme = folder / "README.md"
        text = readme.read_text(encoding="utf-8")
        readme.write_text(text.replace(_TABLE, _TABLE.replace("\n", f"\n{table}\n")), "utf-8")

    def _values(self) -> dict[str, str]:
        words = self.name.split("-")
        names = {
            "name": self.name,
            "title": " ".join(word.capitalize() for word in words),
            "variable": "_".join(words).upper(),
            "range": _range(self.core),
        }
        author = self.author or f"The {self.distribution} developers"
        needs = ", ".join(json.dumps(line.format_map(names)) for line in _NEEDS[self.kind])
        return {
            "Class": "".join(word.capitalize() for word in words),
            "VARIABLE": names["variable"],
            "author": author,
            "dependencies": needs,
            "distribution": self.distribution,
            "licence": self.licence,
            "module": self.module,
            "name": self.name,
            "quoted_author": json.dumps(author, ensure_ascii=False),
            "summary": _SUMMARY[self.kind].format_map(names),
            "title": names["title"],
            "today": self.today.isoformat(),
            "year": str(self.today.year),
        }


def _texts(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of each template, by the name that its file is to have.

    They are kept as .txt, so that no tool takes them for code of this package.
    """
    for entry in folder.iterdir():
        name = re.sub(r"^dot-", ".", entry.name)
        if entry.is_dir():
            yield from _texts(entry, f"{above}{name}/")
        else:
            yield above + name.removesuffix(".txt"), entry.read_text(encoding="utf-8")


def _range(core: str) -> str:
    """Return the range on ttv-core: from this version up to the next that may break."""
    from packaging.version import Version

    version = Version(core)
    breaks = f"0.{version.minor + 1}" if version.major == 0 else f"{version.major + 1}"
    return f">={version.base_version},<{breaks}"
