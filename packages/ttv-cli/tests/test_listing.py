from importlib import metadata

import pytest

from ttv_core.known import known_backends


def lines(done):
    return {line.split()[0].rstrip(","): line for line in done.stdout.splitlines()[1:] if line}


@pytest.fixture
def troubled(shell):
    """Every way in which a plugin can be in trouble, beside three that are fine."""
    shell.install("ttv-broken", "[ttv.backends]\nbroken = broken_plugin\n", broken_plugin="1/0")
    shell.install(
        "ttv-old",
        "[ttv.backends]\nold = old_plugin\n",
        requires=["ttv-core>=99"],
        old_plugin="raise SystemExit('never imported')",
    )
    shell.install(
        "ttv-typo",
        "[ttv.backends]\ntypo = typo_plugin\n",
        typo_plugin="""
        from ttv_core.hookspecs import hookimpl
        @hookimpl
        def ttv_backend():
            return []
        """,
    )
    for distribution in ("ttv-twin", "ttv-other"):
        module = distribution.replace("-", "_")
        shell.install(distribution, f"[ttv.backends]\ntwin = {module}\n", **{module: ""})
    return shell


def test_the_list_imports_no_engine(shell):
    (shell.site / "snail_engine.py").write_text("raise RuntimeError('imported')")
    done = shell.run("backends")
    assert done.returncode == 0
    assert lines(done)["snail"].split() == ["snail", "local", "ttv-snail", "1.0", "A", "test"]
    assert "Five methods, and nothing else." in lines(done)["five"]


def test_the_list_as_json(shell):
    said = {row["name"]: row for row in shell.json("backends")["backends"]}
    assert said["keyed"]["kind"] == "remote"
    assert said["keyed"]["setup"] == {"env": ["KEYED_API_KEY"]}


def test_trouble_is_listed_and_harms_nobody(troubled):
    done = troubled.run("backends")
    assert done.returncode == 0
    assert "ZeroDivisionError" in lines(done)["broken"]
    assert lines(done)["snail"].split()[1] == "local"
    assert "ttv plugins" in done.stderr


def test_one_backend_in_full(shell):
    told = shell.run("backends", "snail").stdout
    for words in (
        "ttv-snail 1.0, licence unknown",
        "Made by Acme; MIT.",
        "modes            text_to_video, image_to_video",
        "duration         1, 2, 4 s; 1 when nothing is asked",
        "size             128x72, 72x128; 128x72 when nothing is asked",
        "first frame      png, jpeg, webp",
        "seed             0 to 99",
        "audio            never",
        "rule             size 72x128: duration 1 (tall is short)",
        "licence          Acme Weights License; does not apply in Atlantis, Lemuria; no foxes",
        "price            $0.10 a second (acme.example/prices, 2026-11-20)",
    ):
        assert words in told


TUNED = """
from typing import Literal
from pydantic import BaseModel, Field
from ttv_core import Capabilities, LocalVideoGenerator

class Options(BaseModel):
    '''Options of one request.

    Attributes:
        mood: How it is to
            look.
        loop: Whether its end meets its beginning.
    '''

    mood: Literal["calm", "wild"]
    loop: bool = False
    shots: tuple[str, ...] | None = Field(default=None, description="One prompt for each shot.")

class Tuned(LocalVideoGenerator):
    name = "tuned"
    Options = Options
    models = Capabilities.model_validate(
        {"backend": "tuned", "kind": "local", "models": [{"id": "tuned-1"}]})

    def render(self, plan, context):
        return []
"""


def test_the_options_of_a_backend_are_told(bare):
    bare.backend("tuned", TUNED, "Tuned")
    told = bare.run("backends", "tuned").stdout.partition("\noptions of a request, as in ")[2]
    assert [" ".join(line.split()) for line in told.splitlines()] == [
        "-O mood=VALUE",
        "mood 'calm' | 'wild' required How it is to look.",
        "loop bool default false Whether its end meets its beginning.",
        "shots tuple[str, ...] One prompt for each shot.",
    ]
    said = bare.json("backends", "tuned")["options"]
    assert said[1] == {
        "name": "loop",
        "type": "bool",
        "required": False,
        "default": False,
        "description": "Whether its end meets its beginning.",
    }
    assert [(each["name"], each["required"]) for each in said][0::2] == [
        ("mood", True),
        ("shots", False),
    ]


def test_a_backend_without_options_says_none(shell):
    assert "options of a request" not in shell.run("backends", "keyed").stdout
    assert shell.json("backends", "keyed")["options"] == []
    assert "options" not in shell.json("backends", "five")


def test_the_help_says_where_options_are_listed(bare):
    told = " ".join(bare.run("generate", "--help").stdout.split())
    assert "What `ttv backends NAME` lists as options, or BACKEND.KEY=VALUE" in told


OLD = """
from ttv_core import Capabilities, LocalVideoGenerator

class Old(LocalVideoGenerator):
    name = "old"
    models = Capabilities.model_validate({"backend": "old", "kind": "local", "models": [
        {"id": "old-2"}, {"id": "old-1", "status": "deprecated", "successor": "old-2"}]})

    def render(self, plan, context):
        return []
"""


def test_a_model_that_ends_is_told_with_what_to_use(bare):
    bare.backend("old", OLD, "Old")
    told = bare.run("backends", "old").stdout.splitlines()
    assert "old-2 (default)" in told
    assert "old-1 · deprecated, use old-2" in told


def test_one_backend_as_json_is_its_capabilities(shell):
    said = shell.json("backends", "snail")
    assert said["models"][0]["id"] == "snail-1"
    assert shell.json("backends", "five")["limit"] is None
    assert "max_duration" in shell.run("backends", "five").stdout


def test_a_backend_that_is_not_there(shell):
    done = shell.run("backends", "snial")
    assert done.returncode == 3
    assert "say 'snail'" in done.stderr
    assert "pip install ttv-runway" in shell.run("backends", "runway").stderr


def test_plugins_says_how_each_one_fares(troubled):
    done = troubled.run("plugins")
    assert done.returncode == 0
    found = lines(done)
    assert " loaded " in found["snail"]
    assert " ms" in found["snail"]
    assert "failed" in found["broken"]
    assert "incompatible" in found["old"]
    assert "ttv-core>=99" in found["old"]
    assert "did you mean 'ttv_backends'?" in found["typo"]
    for mended in (
        "twin@ttv-twin\n    pip uninstall ttv-twin",
        "old@ttv-old\n    pip install --upg",
    ):
        assert f"\n  {mended}" in done.stdout


def test_plugins_names_the_distribution_and_version_that_will_run(shell):
    found = lines(shell.run("plugins"))
    assert found["snail"].split()[:4] == ["snail", "backends", "ttv-snail", "1.0"]
    assert found["five"].split()[:4] == ["five", "backends", "five-dist", "1.0"]
    said = {row["name"]: row for row in shell.json("plugins")["plugins"]}
    assert (said["five"]["distribution"], said["five"]["version"]) == ("five-dist", "1.0")
    assert said["five"]["value"] == "five_module:Five"


def test_plugins_check_is_for_scripts(shell, troubled):
    assert troubled.run("plugins", "--check").returncode == 3
    troubled.env["TTV_DISABLE_PLUGINS"] += ",broken,old,typo,twin"
    assert troubled.run("plugins", "--check").returncode == 0


def test_plugins_as_json(troubled):
    said = {row["distribution"]: row for row in troubled.json("plugins")["plugins"]}
    assert said["ttv-twin"]["status"] == "conflict"
    assert said["ttv-snail"]["import_seconds"] >= 0


def test_a_slow_plugin_holds_nobody_up(shell):
    shell.install(
        "ttv-slow",
        "[ttv.backends]\nslow = slow_plugin\n",
        slow_plugin="import time; time.sleep(600)",
    )
    done = shell.run("plugins", "--seconds", "4", "--check")
    assert done.returncode == 3
    assert "not imported after 4 s" in lines(done)["slow"]
    assert " loaded " in lines(done)["snail"]


def test_nothing_is_installed(bare):
    bare.env["TTV_DISABLE_PLUGINS"] = ""
    done = bare.run("backends")
    assert done.returncode == 0


def test_what_can_be_installed_has_its_command_unless_it_is_here(bare):
    here = {distribution.name for distribution in metadata.distributions()}
    done = bare.run("backends", "--known")
    assert done.returncode == 0
    told = done.stdout.partition("to install one:\n")[2].splitlines()
    for known in known_backends():
        row = lines(done)[known.name].split()
        assert (row[-1], known.kind in row) == (known.summary.split()[-1], True)
        assert (f"  pip install {known.distribution}" in told) is (known.distribution not in here)


def test_what_is_installed_already_is_told_with_its_version(bare):
    bare.backend("runway", "", "Acme")
    done = bare.run("backends", "--known")
    assert lines(done)["runway"].split()[2:4] == ["ttv-runway", "1.0"]
    assert "pip install ttv-runway" not in done.stdout
    said = {row["name"]: row for row in bare.json("backends", "--known")["known"]}
    assert said["runway"]["installed"] == "ttv-runway 1.0"
    assert said["veo"]["install"] == "pip install ttv-veo"
    assert {"kind", "summary", "by", "licence", "url"} <= said["veo"].keys()


def test_the_list_of_known_ones_takes_no_name(shell):
    done = shell.run("backends", "snail", "--known")
    assert done.returncode == 2
    assert "leave the name out" in done.stderr


def test_plugins_are_listed_without_running_any_of_them(bare):
    bare.install(
        "ttv-acme",
        "[ttv.backends]\nacme = acme_plugin\n[ttv.plugins]\nspy = acme_spy\n",
        acme_plugin="open('ran', 'w')",
        acme_spy="open('ran', 'w')",
    )
    off = {"TTV_DISABLE_PLUGINS": "*"}
    said = {row["name"]: row for row in bare.json("plugins", env=off)["plugins"]}
    assert (said["acme"]["distribution"], said["acme"]["value"]) == ("ttv-acme", "acme_plugin")
    assert {said[name]["status"] for name in ("acme", "spy")} == {"disabled"}
    assert bare.left_behind() == []
    bare.run("plugins")
    assert bare.left_behind() == ["ran"]
