"""The package of a new backend. That it passes its own tests is checked by nox -s new_backend."""

import datetime as dt
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import yaml

from ttv_cli.backend_names import LONGEST, objection
from ttv_cli.package_templates import LICENCES, NewPackage
from ttv_core import Capabilities
from ttv_core.capabilities import RemoteFacts
from ttv_core.domains import Data
from ttv_core.media import measure

EVERY = {
    ".github/dependabot.yml",
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "src/ttv_acme_film/__init__.py",
    "src/ttv_acme_film/generator.py",
    "src/ttv_acme_film/models.yaml",
    "src/ttv_acme_film/plugin.py",
    "src/ttv_acme_film/py.typed",
    "src/ttv_acme_film/settings.py",
    "tests/test_backend.py",
    "tests/test_conformance.py",
}
OF_KIND = {"remote": {"src/ttv_acme_film/replies.py", "tests/vendor.py"}, "local": set()}
OF_OTHERS = {
    "remote": {"requires_gpu", "licence", "name", "url", "excluded", "terms"},
    "local": {"remote", *RemoteFacts.model_fields, "amount", "minimum", "currency", "free"},
}
TELL_PROMISES = """
from ttv_acme_film.generator import AcmeFilmGenerator
declared = AcmeFilmGenerator.semantics
print(declared.idempotency, declared.lookup, declared.cancel, declared.polling.floor)
"""


@pytest.fixture(params=["remote", "local"])
def kind(request):
    return request.param


@pytest.fixture
def written(bare, kind):
    """The folder of a new package."""
    said = bare.json("new-backend", "acme-film", f"--{kind}", "--author", 'Jane "JD" Døe')
    return Path(said["folder"])


def install(shell, folder):
    """Put the package on the path of the shell's commands, with its metadata."""
    shell.install("ttv-acme-film", "[ttv.backends]\nacme-film = ttv_acme_film.plugin\n")
    (shell.site / "ttv_acme_film").symlink_to(folder / "src" / "ttv_acme_film")


def test_what_is_written_is_told(bare, kind):
    said = bare.json("new-backend", "acme-film", f"--{kind}")
    assert said["folder"] == str(bare.cwd / "ttv-acme-film")
    assert set(said["files"]) == EVERY | OF_KIND[kind]
    here = {path for path in (bare.cwd / "ttv-acme-film").rglob("*") if path.is_file()}
    assert {str(path.relative_to(said["folder"])) for path in here} == set(said["files"])
    assert (said["distribution"], said["module"]) == ("ttv-acme-film", "ttv_acme_film")
    assert (said["kind"], said["licence"], len(said["next"])) == (kind, "MIT", 3)


def test_people_are_told_the_next_three_commands(bare):
    done = bare.run("new-backend", "acme", "-o", "my code/acme")
    assert done.returncode == 0
    commands = done.stdout.partition("next:\n")[2].splitlines()[:3]
    assert commands == [
        "  cd 'my code/acme'",
        '  python -m venv .venv && .venv/bin/pip install -e ".[dev]"',
        "  .venv/bin/pytest",
    ]
    assert (bare.cwd / "my code" / "acme" / "pyproject.toml").is_file()


def test_no_placeholder_is_left_and_no_name_of_another(written):
    for path in written.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "@@" not in text, path
            assert "MODULE" not in text, path
            assert "dot-" not in path.name


def test_the_package_is_found_and_plans_offline(bare, written, kind):
    install(bare, written)
    rows = {row["name"]: row for row in bare.json("backends")["backends"]}
    assert (rows["acme-film"]["status"], rows["acme-film"]["kind"]) == ("loaded", kind)
    plan = bare.json("plan", "a red fox", "-b", "acme-film")
    assert json.dumps(plan).count("acme-film-1") > 0
    if kind == "remote":
        health = {each["name"]: each for each in bare.json("doctor", code=3)["backends"]}
        assert health["acme-film"]["remedies"] == ["export ACME_FILM_API_KEY=…"]
    else:
        bare.run(
            "generate", "a red fox", "-b", "acme-film", "-s", "128x72", "-d", "1", "-o", "a.mp4"
        )
        assert (bare.cwd / "a.mp4").stat().st_size > 1000


def test_its_metadata(written, kind):
    said = tomllib.loads((written / "pyproject.toml").read_text(encoding="utf-8"))
    project = said["project"]
    assert project["name"] == "ttv-acme-film"
    assert project["entry-points"]["ttv.backends"] == {"acme-film": "ttv_acme_film.plugin"}
    assert project["authors"] == [{"name": 'Jane "JD" Døe'}]
    core = next(line for line in project["dependencies"] if line.startswith("ttv-core"))
    extra = {"remote": "remote", "local": "media"}[kind]
    assert core.startswith(f"ttv-core[{extra}]>=0.")
    assert ",<0." in core


def test_the_readme_has_the_table_of_models(written):
    table = (written / "README.md").read_text(encoding="utf-8").partition("<!-- models -->")[2]
    assert "| `acme-film-1` |" in table.partition("<!-- /models -->")[0]


def described(model):
    """Yield the names of the fields of a model, and of the models that it is made of."""
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, Data) and part is not model:
                yield from described(part)


def test_what_is_commented_out_of_the_data_can_be_said(written):
    text = (written / "src" / "ttv_acme_film" / "models.yaml").read_text(encoding="utf-8")
    said = yaml.safe_load(text)
    (model,) = said["models"]
    examples = re.findall(r"^( *)# (\w+: .+)$", text, re.MULTILINE)
    assert len(examples) > 20
    for indent, line in examples:
        example = yaml.safe_load(line)
        if not indent:
            Capabilities.model_validate(said | example)
            continue
        kept = {name: model[name] for name in model if {name, *example} != {"durations", "frames"}}
        Capabilities.model_validate(said | {"models": [kept | example]})


def test_the_data_shows_all_that_can_be_said(written, kind):
    words = re.findall(r"\w+", (written / "src/ttv_acme_film/models.yaml").read_text("utf-8"))
    of_no_use = {"provisional"}  # a table has what is known
    assert set(described(Capabilities)) - set(words) <= of_no_use | OF_OTHERS[kind]


def test_the_options_that_are_commented_out_work(bare):
    bare.json("new-backend", "acme-film")
    path = bare.cwd / "ttv-acme-film" / "src" / "ttv_acme_film" / "settings.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = lines[lines.index("# from pydantic import BaseModel, ConfigDict") :]
    named = {"__name__": "stub"}
    exec("\n".join(re.sub(r"^# ?", "", line) for line in lines), named)
    options = named["AcmeFilmOptions"]
    assert options().loop is False
    assert options(loop=True).loop is True
    assert "`-O loop=true`" in options.__doc__


def test_what_is_commented_out_of_the_promises_can_be_declared(bare):
    bare.json("new-backend", "acme-film")
    source = bare.cwd / "ttv-acme-film" / "src"
    path = source / "ttv_acme_film" / "generator.py"
    text, count = re.subn(r"^( +)# (\w+=)", r"\1\2", path.read_text("utf-8"), flags=re.MULTILINE)
    assert count == 4
    names = "from ttv_core.jobs import IdempotencyKey, Lookup, Polling\n"
    path.write_text(text.replace("from ttv_core.http", f"{names}from ttv_core.http"), "utf-8")
    path = os.pathsep.join([str(source), bare.env["PYTHONPATH"]])
    told = subprocess.run(
        [sys.executable, "-c", TELL_PROMISES],
        env=bare.env | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith("IdempotencyKey(lifetime=86400) Lookup(settle=30, ")
    assert told.stdout.endswith(" True 4\n")


def test_the_vendor_can_be_opened_and_makes_what_is_asked(bare):
    bare.json("new-backend", "acme-film")
    folder = bare.cwd / "ttv-acme-film"
    install(bare, folder)
    command = [sys.executable, "tests/vendor.py"]
    with subprocess.Popen(
        command, cwd=folder, env=bare.env, stdout=subprocess.PIPE, text=True
    ) as opened:
        try:
            said = [opened.stdout.readline() for _ in range(4)]
            exported = dict(line.split()[1].split("=") for line in said[1:3])
            done = bare.run(*shlex.split(said[3])[1:], "-d", "8", "-s", "640x360", env=exported)
            assert done.returncode == 0, done.stderr
        finally:
            opened.send_signal(signal.SIGINT)
        assert opened.wait(30) == 0
    assert exported.keys() == {"ACME_FILM_BASE_URL", "ACME_FILM_API_KEY"}
    facts = measure(bare.cwd / "fox.mp4")
    assert (facts.width, facts.height, facts.duration) == (640, 360, 8)


def test_doctor_is_told_each_variable_of_the_settings(bare):
    install(bare, Path(bare.json("new-backend", "acme-film")["folder"]))
    rows = bare.json("backends")["backends"]
    (setup,) = (row["setup"] for row in rows if row["name"] == "acme-film")
    assert setup["env"] == ["ACME_FILM_API_KEY", "ACME_FILM_BASE_URL"]


@pytest.mark.parametrize("licence", LICENCES)
def test_each_licence(bare, licence):
    bare.json("new-backend", "acme", "--licence", licence.lower(), "--author", "Jane Doe")
    text = (bare.cwd / "ttv-acme" / "LICENSE").read_text(encoding="utf-8")
    if licence == "Apache-2.0":
        assert "Apache License" in text
        assert "Version 2.0, January 2004" in text
    else:
        assert "Jane Doe" in text
    said = tomllib.loads((bare.cwd / "ttv-acme" / "pyproject.toml").read_text(encoding="utf-8"))
    assert said["project"]["license"] == licence


def test_the_release_needs_no_token_and_only_its_last_job_may_prove_who_it_is(written):
    folder = written / ".github" / "workflows"
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert not any("secrets." in text or "password" in text for text in texts.values())
    release = yaml.safe_load(texts["release.yml"])
    assert release["permissions"] == {}
    jobs = release["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert (jobs["publish"]["needs"], jobs["publish"]["environment"]) == ("build", "pypi")
    publishing = jobs["publish"]["steps"][-1]
    assert publishing["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert publishing["with"] == {"attestations": True}
    assert not any("run" in step for step in jobs["publish"]["steps"])
    assert yaml.safe_load(texts["ci.yml"])["permissions"] == {"contents": "read"}


def test_nothing_is_overwritten(bare):
    place = bare.cwd / "ttv-acme"
    place.mkdir()
    (place / "kept.txt").write_text("kept")
    done = bare.run("new-backend", "acme")
    assert done.returncode == 2
    assert "ttv-acme is there already, and nothing is overwritten" in done.stderr
    assert [path.name for path in place.rglob("*")] == ["kept.txt"]
    (bare.cwd / "link").symlink_to("nowhere")
    assert bare.run("new-backend", "acme", "-o", "link").returncode == 2
    assert not (bare.cwd / "nowhere").exists()


def test_where_nothing_can_be_written_it_says_so(bare):
    (bare.cwd / "file").write_text("")
    said = bare.json("new-backend", "acme", "-o", "file/acme", code=2)
    assert "cannot be written" in said["error"]["message"]
    assert (bare.cwd / "file").read_text() == ""


def test_a_package_that_cannot_be_written_whole_is_not_left_half(tmp_path, monkeypatch):
    whole = Path.write_text

    def full(self, *args, **kwargs):
        if self.name == "generator.py":
            raise OSError(28, "No space left on device")
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", full)
    facts = {"licence": "MIT", "author": "", "core": "0.1.0", "today": dt.date(2026, 1, 2)}
    with pytest.raises(OSError, match="No space"):
        NewPackage(name="acme", kind="local", **facts).write(tmp_path / "a" / "b")
    assert not (tmp_path / "a" / "b").exists()


@pytest.mark.parametrize(
    ("core", "bounds"),
    [("0.1.0", ">=0.1.0,<0.2"), ("0.9.4.dev1", ">=0.9.4,<0.10"), ("2.3", ">=2.3,<3")],
)
def test_the_range_on_the_core_ends_before_the_next_version_that_may_break(core, bounds):
    facts = {"licence": "MIT", "author": "", "today": dt.date(2026, 1, 2)}
    texts = NewPackage(name="acme", kind="remote", core=core, **facts).contents()
    said = tomllib.loads(texts["pyproject.toml"])
    assert said["project"]["dependencies"] == [f"ttv-core[remote]{bounds}"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Acme Film", "'acme-film' would do"),
        ("acme_film", "'acme-film' would do"),
        ("-acme", "'acme' would do"),
        ("2acme", "a letter first"),
        ("acme--film", "'acme-film' would do"),
        ("a" * (LONGEST + 1), f"longer than {LONGEST}"),
        ("../acme", "'acme' would do"),
        ("auto", "means something else"),
        ("core", "means something else"),
        ("runway", "backend of ttv-runway"),
        ("veo3", "backend of ttv-veo"),
        ("", "no name for a backend"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_a_reason(name, said):
    assert said in objection(name)


def test_a_name_that_is_taken_here_is_refused(shell):
    shell.install("ttv-ghost", "")
    (shell.site / "ttv_shade.py").write_text("")
    for name, said in (
        ("snail", "installed already, by ttv-snail 1.0"),
        ("five", "installed already, by five-dist 1.0"),
        ("ghost", "ttv-ghost 1.0 is installed already"),
        ("shade", "a module ttv_shade already"),
        ("ttv-Snail", "'snail' would do"),
    ):
        done = shell.run("new-backend", name)
        assert (done.returncode, said in done.stderr) == (2, True)
    assert not list(shell.cwd.iterdir())


def test_a_good_name_is_no_matter():
    assert objection("acme-film-2") == objection("a" * LONGEST) == ""
