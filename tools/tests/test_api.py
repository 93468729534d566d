"""A public name or signature cannot change without being told."""

from __future__ import annotations

import pytest

from tools import api_changes
from tools.public_face import core_public, public_faces
from tools.workspace import CORE, packages

SOURCE = """
    from dataclasses import dataclass
    from abc import ABC, abstractmethod
    from pydantic import BaseModel, Field

    __all__ = ["Den", "Fox", "FoxError", "hunt"]

    class _Animal:
        legs: int = 4

        def sleep(self, hours: float = 8) -> None: ...

    class FoxError(Exception): ...

    class Fox(_Animal, ABC):
        def __init__(self, name: str, *, red: bool = True) -> None:
            self.name = name

        @abstractmethod
        def jump(self, height: float) -> bool: ...

        @property
        def colour(self) -> str: ...

        def _hide(self, where: str) -> None: ...

    class Den(BaseModel):
        size: int = Field(default=3, gt=0)
        model_config = {}

    async def hunt(prey: str, /, patience: float = 1.0, *more: str, quiet: bool) -> Fox | None: ...
"""
FACE = """
entry point ttv.backends: fox
extra: media
ttv_fox.Den: class(BaseModel)
ttv_fox.Den.size: int = 3
ttv_fox.Fox: class(ABC)
ttv_fox.Fox(name: str) place 1, required
ttv_fox.Fox(red: bool = True) by name
ttv_fox.Fox.colour: str
ttv_fox.Fox.jump: abstractmethod function -> bool
ttv_fox.Fox.jump(height: float) place 1, required
ttv_fox.Fox.legs: int = 4
ttv_fox.Fox.name
ttv_fox.Fox.sleep: function -> None
ttv_fox.Fox.sleep(hours: float = 8) place 1
ttv_fox.FoxError: class(Exception)
ttv_fox.hunt: async function -> Fox | None
ttv_fox.hunt(prey: str) place 1 only, required
ttv_fox.hunt(patience: float = 1.0) place 2
ttv_fox.hunt(more: str) any more
ttv_fox.hunt(quiet: bool) by name, required
"""


def face(package, source=SOURCE):
    package.source_is(source)
    return public_faces([package], [])["ttv-fox"]


def test_everything_that_others_may_use_has_a_line(package):
    assert face(package) == FACE.split("\n")[1:-1]


CHANGES = {
    "a function goes": ('"FoxError", "hunt"', '"FoxError"', "- ttv_fox.hunt(patience"),
    "a class goes": ('"Den", ', "", "- ttv_fox.Den.size: int = 3"),
    "a method goes": ("def sleep", "def _sleep", "- ttv_fox.Fox.sleep: function -> None"),
    "an attribute goes": ("legs", "_legs", "- ttv_fox.Fox.legs: int = 4"),
    "a property changes": (
        "colour(self) -> str",
        "colour(self) -> int",
        "- ttv_fox.Fox.colour: str",
    ),
    "a base goes": ("FoxError(Exception)", "FoxError", "- ttv_fox.FoxError: class(Exception)"),
    "a parameter goes": ("*more: str, ", "*, ", "- ttv_fox.hunt(more: str) any more"),
    "a parameter is renamed": ("patience", "wait", "- ttv_fox.hunt(patience: float = 1.0) place 2"),
    "a default changes": ("hours: float = 8", "hours: float = 9", "- ttv_fox.Fox.sleep(hours"),
    "a field's default changes": ("default=3", "default=4", "- ttv_fox.Den.size: int = 3"),
    "a default goes": ("red: bool = True", "red: bool", "- ttv_fox.Fox(red: bool = True) by name"),
    "a place goes": (
        "height: float",
        "*, height: float",
        "- ttv_fox.Fox.jump(height: float) place 1",
    ),
    "places change": (
        "name: str, *",
        "age: int = 1, name: str = '', *",
        "- ttv_fox.Fox(name: str)",
    ),
    "a result changes": ("Fox | None: ...", "Fox: ...", "- ttv_fox.hunt: async function"),
    "it waits no more": ("async def hunt", "def hunt", "- ttv_fox.hunt: async function"),
    "more is asked of callers": (
        "height: float",
        "height: float, far: bool",
        "+ ttv_fox.Fox.jump(far",
    ),
    "more is asked of classes": (
        "def _hide",
        "@abstractmethod\n        def run(self) -> None: ...\n\n        def _hide",
        "+ ttv_fox.Fox.run: abstractmethod function -> None",
    ),
}


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_what_breaks_somebody_is_told(package, old, new, told):
    before = face(package)
    assert SOURCE.count(old) == 1
    broken = api_changes.breaks(before, face(package, SOURCE.replace(old, new)))
    assert any(line.startswith(told) for line in broken), broken


HARMLESS = {
    "a function more": ('"FoxError", "hunt"', '"FoxError", "_Animal", "hunt"'),
    "an optional parameter more": ("height: float", "height: float, far: bool = False"),
    "a method more": ("def _hide", "def hide"),
    "a private method less": ("def _hide", "def _conceal"),
    "another limit": ("gt=0", "gt=1"),
    "its own base": (
        "class Fox(_Animal, ABC)",
        "class _Canine(_Animal): ...\n    class Fox(_Canine, ABC)",
    ),
}


@pytest.mark.parametrize(("old", "new"), HARMLESS.values(), ids=HARMLESS)
def test_what_breaks_nobody_is_not(package, old, new):
    before = face(package)
    assert old in SOURCE
    assert api_changes.breaks(before, face(package, SOURCE.replace(old, new))) == []


def told(package, source=SOURCE, *, written=True):
    """Return the problems of a package whose source is as given, written down or not."""
    found = face(package, source)
    if written:
        api_changes.write(package.folder / api_changes.FILE, package, found)
    return list(api_changes.problems(package, found))


BROKEN = SOURCE.replace("patience", "wait")


def test_a_face_that_is_not_written_down_is_a_problem(package):
    assert told(package) == []
    [problem] = told(package, BROKEN, written=False)
    assert problem.startswith("api.txt is not what the source has; if that is meant: nox -s api")
    assert "-ttv_fox.hunt(patience: float = 1.0) place 2" in problem
    assert "+ttv_fox.hunt(wait: float = 1.0) place 2" in problem


def test_before_a_first_release_nothing_can_break(package):
    told(package)
    package.commit("ttv-other-v0.1.0", "ttv-fox-0.1.0", "ttv-fox-vnext")
    assert told(package, BROKEN) == []


@pytest.fixture
def released(package):
    """The package after its release 0.1.0, with work under way."""
    told(package)
    package.commit("ttv-fox-v0.1.0")
    return package


def test_a_break_since_the_release_has_to_be_told(released):
    [problem] = told(released, BROKEN)
    assert problem.startswith("breaks since 0.1.0, in no fragment changed or removed told:")
    assert "- ttv_fox.hunt(patience: float = 1.0) place 2" in problem


@pytest.mark.parametrize(
    ("fragment", "count"), [("changed", 0), ("removed", 0), ("added", 1), ("fixed", 1)]
)
def test_a_fragment_tells_it(released, fragment, count):
    released.write(f"changes/+wait.{fragment}.md", "`hunt` waits.")
    assert len(told(released, BROKEN)) == count


@pytest.mark.parametrize(("version", "count"), [("0.1.1", 1), ("0.2.0", 0), ("1.0.0", 0)])
def test_a_version_tells_it(released, version, count):
    released.release(version)
    assert len(told(released, BROKEN)) == count


def test_the_last_release_before_this_version_is_what_counts(released):
    released.release("0.2.0")
    told(released, BROKEN)
    released.commit("ttv-fox-v0.2.0")
    assert told(released, BROKEN) == []
    [problem] = told(released, SOURCE)
    assert problem.startswith("breaks since 0.2.0")


def test_a_release_of_before_there_was_such_a_file_says_nothing(package):
    package.commit("ttv-fox-v0.1.0")
    assert told(package, BROKEN) == []


@pytest.mark.parametrize(
    ("before", "after", "does"),
    [
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("0.2.0", "0.1.0", False),
        ("0.9.0", "1.0.0", True),
        ("1.0.0", "1.1.0", False),
        ("1.9.0", "2.0.0", True),
        ("2.0.0", "1.0.0", False),
    ],
)
def test_versions_that_say_they_may_break(before, after, does):
    assert api_changes.says_so(api_changes.Version(before), api_changes.Version(after)) is does


def test_our_own_packages_are_read_whole():
    faces = public_faces(packages().values(), core_public())
    assert "ttv_core.VideoRequest.duration: float | None = None" in faces[CORE]
    assert "ttv_core.errors.PluginError: is ttv_core.PluginError" in faces[CORE]
    assert "entry point ttv.backends: wan2.1" in faces["ttv-wan"]
    [settings] = [line for line in faces["ttv-wan"] if "WanSettings: class" in line]
    assert "ttv_diffusers.EngineSettings, ttv_core.BackendSettings" in settings
