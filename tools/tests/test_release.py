"""A release is whole, says what it is, and is the same wherever it is built; else there is none."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools import api_changes, release, reproducible, tags, wheel_contents
from tools.public_face import public_faces
from tools.sbom import sbom
from tools.tests.conftest import CHANGELOG, make_package

TAG = "ttv-fox-v0.1.0"
DATED = f"""{CHANGELOG}
## 0.1.0 (2026-11-25)

### Added

- Foxes.

## 0.0.9 (2026-01-01)

- Hens.
"""


@pytest.fixture
def ready(package, tmp_path, monkeypatch):
    """A package that can be released, with its tag."""

    def faces(*_):
        return public_faces([package], [])

    for module in (release, api_changes):
        monkeypatch.setattr(module, "packages", lambda: {"ttv-fox": package})
    monkeypatch.setattr(api_changes, "public_faces", faces)
    monkeypatch.setattr(release, "DIST", tmp_path / "dist")
    package.source_is("__all__ = ['hunt', 'run']\ndef hunt() -> None: ...\ndef run() -> None: ...")
    api_changes.write(package.folder / "api.txt", package, faces()["ttv-fox"])
    package.write("CHANGELOG.md", DATED)
    package.commit(TAG)
    return package


def refused(tag=TAG, **how):
    """Return why a release was refused, in one text."""
    with pytest.raises((release.NoReleaseError, ValueError)) as caught:
        release.release(tag, **how)
    return "\n".join(map(str, caught.value.args))


def test_all_that_is_published_is_made(ready):
    folder = release.release(TAG)
    made = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert made == [
        "notes.md",
        "ttv_fox-0.1.0.cdx.json",
        "upload/ttv_fox-0.1.0-py3-none-any.whl",
        "upload/ttv_fox-0.1.0.tar.gz",
    ]
    assert (folder / "notes.md").read_text() == "### Added\n\n- Foxes.\n"
    with tarfile.open(folder / "upload" / "ttv_fox-0.1.0.tar.gz") as sdist:
        [date] = {member.mtime for member in sdist}
    assert date == tags.date_of(ready.folder, "HEAD") > 0


def test_a_rehearsal_changes_nothing_and_needs_no_tag(ready):
    ready.write("changes/+den.added.md", "Dens.")
    ready.commit()
    folder = release.release("ttv-fox-v0.2.0", dry_run=True)
    assert (folder / "notes.md").read_text() == "### Added\n\n- Dens.\n"
    with zipfile.ZipFile(folder / "upload" / "ttv_fox-0.2.0-py3-none-any.whl") as wheel:
        assert b"Version: 0.2.0" in wheel.read("ttv_fox-0.2.0.dist-info/METADATA")
    assert tags.changed_files(ready.folder) == []
    assert "the tag ttv-fox-v0.2.0 is not on the commit" in refused("ttv-fox-v0.2.0")


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("ttv-hen-v0.1.0", "there is no package ttv-hen; there are ttv-fox"),
        ("ttv-fox-0.1.0", "is no tag of a release; they are called like ttv-core-v0.2.0"),
        ("ttv-fox-v0.1", "says nothing of 0.1"),
        ("ttv-fox-v0.1.0.0.post", "is no tag of a release"),
        ("v0.1.0", "is no tag of a release"),
    ],
)
def test_a_tag_that_names_no_release_is_refused(ready, tag, told):
    assert told in refused(tag)


def test_another_version_than_the_packages_is_refused(ready):
    ready.git("tag", "ttv-fox-v0.3.0")
    assert "pyproject.toml says 0.1.0, the tag 0.3.0" in refused("ttv-fox-v0.3.0")


def test_a_changelog_that_is_not_built_is_refused(ready):
    ready.write("changes/+den.added.md", "Dens.")
    told = refused()
    assert "not in the changelog yet: +den.added.md; nox -s changelog -- ttv-fox" in told
    ready.write("CHANGELOG.md", CHANGELOG)
    assert "CHANGELOG.md says nothing of 0.1.0" in refused()


def test_what_was_not_committed_is_not_released(ready):
    ready.write("src/ttv_fox/more.py", "")
    assert "files differ from those of the commit: " in refused()
    ready.commit()
    assert f"the tag {TAG} is not on the commit that is checked out" in refused()


def test_a_break_needs_a_version_that_says_so(ready):
    ready.source_is("__all__ = ['hunt']\ndef hunt() -> None: ...")
    ready.write("changes/+run.removed.md", "Foxes do not run.")
    face = public_faces([ready], [])["ttv-fox"]
    api_changes.write(ready.folder / "api.txt", ready, face)
    ready.commit()
    told = refused("ttv-fox-v0.1.1", dry_run=True)
    assert "0.1.1 does not say that it breaks what 0.1.0 had:\n    - ttv_fox.run" in told
    assert release.release("ttv-fox-v0.2.0", dry_run=True).is_dir()


HOOK = """
import os, time
from pathlib import Path
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        Path(self.root, "src/ttv_fox/made.py").write_text(f"MADE = {{{}!r}}")
"""


@pytest.mark.parametrize(
    "source", ["os.getcwd()", "os.environ['TZ']", "Path('README.md').stat().st_mtime", "hash('a')"]
)
def test_a_build_that_depends_on_where_and_when_is_refused(ready, source):
    project = ready.folder / "pyproject.toml"
    project.write_text(project.read_text() + "\n[tool.hatch.build.hooks.custom]\n")
    hook = HOOK.replace("{{{}!r}}", "{" + source + "!r}")
    ready.write("hatch_build.py", hook)
    ready.commit()
    ready.git("tag", "--force", TAG)
    told = refused()
    assert "ttv_fox-0.1.0-py3-none-any.whl differs when it is built again" in told
    assert "ttv_fox-0.1.0.tar.gz differs when it is built again" in told


def test_files_that_are_there_once_only_differ(tmp_path):
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
    assert list(reproducible.differences(first, second)) == ["nothing was built"]
    (first / "a").write_bytes(b"a")
    assert list(reproducible.differences(first, second)) == ["a was built once, and not again"]


# --- what the files hold --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A package, and the folder of its files."""
    folder = tmp_path_factory.mktemp("built")
    package = make_package(folder)
    assert release.make(package, folder / "dist", 1_700_000_000) == []
    return package, folder / "dist" / "upload"


@pytest.fixture
def wheel(built, tmp_path):
    """A copy of its wheel."""
    return Path(shutil.copy(*built[1].glob("*.whl"), tmp_path))


def changed(wheel, **files):
    """Write a wheel anew: the end of a name to other content, or None to leave it out."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for end, change in files.items():
        [name] = [name for name in held if name.endswith(f"/{end.replace('__', '.')}")] or [end]
        content = change(held[name]) if callable(change) else change
        if content is None:
            del held[name]
        else:
            held[name] = content
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


def without(line):
    return lambda content: b"\n".join(each for each in content.split(b"\n") if line not in each)


WRONG = {
    "a stray file": ({"ttv_fox/key.pem": b""}, "ttv_fox/key.pem does not belong there"),
    "another package": ({"tests/test_fox.py": b""}, "tests/test_fox.py does not belong there"),
    "a module less": ({"plugin__py": None}, "ttv_fox/plugin.py is missing"),
    "no types": ({"py__typed": None}, "py.typed is missing"),
    "no licence": ({"LICENSE": None}, "ttv_fox-0.1.0.dist-info/licenses/LICENSE is missing"),
    "a changed file": ({"plugin__py": b"import os"}, "ttv_fox/plugin.py is not what RECORD says"),
    "an unlisted file": (
        {"RECORD": without(b"plugin.py")},
        "RECORD does not list ttv_fox/plugin.py",
    ),
    "no summary": ({"METADATA": without(b"Summary")}, "METADATA: Summary is missing"),
    "no description": (
        {"METADATA": lambda content: content.partition(b"\n\n")[0] + b"\n\n"},
        "METADATA: the description is empty",
    ),
    "another version": (
        {"METADATA": lambda content: content.replace(b"Version: 0.1.0", b"Version: 0.1.1")},
        "METADATA: Version is '0.1.1', not '0.1.0'",
    ),
    "no metadata": ({"METADATA": without(b"Name")}, "METADATA: Name is None, not 'ttv-fox'"),
    "a dependency less": (
        {"METADATA": without(b"ttv-core")},
        "METADATA: 'ttv-core<0.2,>=0.1' is in one of Requires-Dist and pyproject.toml",
    ),
    "an entry point less": (
        {"entry_points__txt": without(b"fox =")},
        "entry_points.txt is not what pyproject.toml says",
    ),
    "another platform": (
        {"WHEEL": lambda content: content.replace(b"py3-none-any", b"cp311-cp311-linux_x86_64")},
        "WHEEL does not say that it is for every Python 3",
    ),
}


@pytest.mark.parametrize(("files", "told"), WRONG.values(), ids=WRONG)
def test_a_wheel_with_a_fault_is_told(built, wheel, files, told):
    package = built[0]
    assert list(wheel_contents.problems(package, wheel)) == []
    changed(wheel, **files)
    assert told in list(wheel_contents.problems(package, wheel))


def test_an_sdist_holds_what_git_knows_and_nothing_else(built):
    package, folder = built
    [sdist] = folder.glob("*.tar.gz")
    known = reproducible.tracked(package)
    assert list(wheel_contents.sdist_problems(package, sdist, known)) == []
    told = list(wheel_contents.sdist_problems(package, sdist, [*known[1:], "new.py"]))
    assert told == [
        "ttv_fox-0.1.0/new.py is missing",
        f"ttv_fox-0.1.0/{known[0]} does not belong there",
    ]


def test_the_sbom_is_of_this_very_wheel(wheel):
    text = sbom(wheel, 1_700_000_000)
    assert text == sbom(wheel, 1_700_000_000)
    said = json.loads(text)
    own = said["metadata"]["component"]
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.6")
    assert (own["purl"], own["licenses"]) == ("pkg:pypi/ttv-fox@0.1.0", [{"expression": "MIT"}])
    parts = {
        part["name"]: (part["scope"], part["properties"][0]["value"]) for part in said["components"]
    }
    assert parts == {
        "ttv-core": ("required", "ttv-core<0.2,>=0.1"),
        "av": ("optional", "av>=16; extra == 'media'"),
    }
    before = own["hashes"][0]["content"]
    changed(wheel, plugin__py=b"import os")
    assert json.loads(sbom(wheel, 0))["metadata"]["component"]["hashes"][0]["content"] != before
