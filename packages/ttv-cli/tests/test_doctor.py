from pathlib import Path

import pytest


def test_each_backend_is_examined(shell):
    done = shell.run("doctor")
    assert done.returncode == 0
    table = done.stdout.partition("to mend it:")[0]
    found = {line.split()[0]: line.split() for line in table.splitlines() if line}
    assert found["snail"][3:] == ["yes", "yes", "yes"]
    assert found["five"][3:] == ["yes", "yes", "yes"]
    assert found["keyed"][3:] == ["yes", "yes", "no", "no", "key"]
    assert "\n  keyed\n    export KEYED_API_KEY=…\n" in done.stdout
    assert "KEYED_API_KEY (not set)" in done.stdout
    assert "Python 3" in done.stdout


def test_who_may_not_use_a_model_is_told(shell):
    terms = "Acme Weights License; does not apply in Atlantis, Lemuria; no foxes"
    assert f"licence of snail: {terms}" in shell.run("doctor").stdout
    said = {health["name"]: health for health in shell.json("doctor")["backends"]}
    assert said["snail"]["terms"] == [f"{terms}; https://acme.example/licence"]
    assert said["five"]["terms"] == []


def test_a_secret_is_not_shown(shell):
    done = shell.run("doctor", env={"KEYED_API_KEY": "sk-12345"})
    assert "sk-12345" not in done.stdout + done.stderr
    assert "KEYED_API_KEY" in done.stdout
    assert "sk-12345" not in shell.run("doctor", "--json", env={"KEYED_API_KEY": "sk-12345"}).stdout


def test_nothing_usable_is_exit_code_3(shell):
    shell.env["TTV_DISABLE_PLUGINS"] = "snail,five,ttv-animatic"
    said = shell.json("doctor", code=3)
    assert said["ok"] is False
    assert {"snail", "five", "keyed"} <= {health["name"] for health in said["backends"]}


def test_a_broken_configuration_is_told_and_mended(shell):
    (shell.cwd / "ttv.yaml").write_text("default_backend: [snail")
    done = shell.run("doctor")
    assert done.returncode == 3
    assert "ttv.yaml" in done.stdout
    assert "to mend it:" in done.stdout


def test_a_missing_variable_is_named(shell):
    (shell.cwd / "ttv.yaml").write_text("backends: {keyed: {api_key: '${MY_KEY}'}}")
    done = shell.run("doctor")
    assert "\n  keyed\n    export MY_KEY=…\n    write ${MY_KEY:-default}\n" in done.stdout


def test_a_broken_plugin_and_one_that_hangs(shell):
    shell.install("ttv-broken", "[ttv.backends]\nbroken = broken_plugin\n", broken_plugin="1/0")
    shell.install(
        "ttv-slow",
        "[ttv.backends]\nslow = slow_plugin\n",
        slow_plugin="import time; time.sleep(60)",
    )
    said = {health["name"]: health for health in shell.json("doctor", code=3)["backends"]}
    assert said["broken"]["loads"] is False
    assert said["slow"]["available"] is None
    assert "did not answer" in said["slow"]["reasons"][0]
    assert said["snail"]["available"] is True


def test_one_that_is_broken_is_exit_code_3_though_others_work(shell):
    shell.install("ttv-broken", "[ttv.backends]\nbroken = broken_plugin\n", broken_plugin="1/0")
    done = shell.run("doctor")
    assert done.returncode == 3
    mending = done.stdout.partition("to mend it:\n")[2].splitlines()
    at = mending.index("  broken")
    assert mending[at + 1 : at + 3] == [
        "    pip install --upgrade --force-reinstall ttv-broken",
        "    export TTV_DISABLE_PLUGINS=ttv-animatic,broken",
    ]
    said = shell.json("doctor", code=3)
    assert (said["ok"], said["broken"]) == (False, ["broken"])

    shell.env["TTV_DISABLE_PLUGINS"] = "ttv-animatic,broken"
    said = shell.json("doctor")
    assert (said["ok"], said["broken"]) == (True, [])


def test_what_is_only_not_set_up_is_not_broken(shell):
    said = shell.json("doctor")
    assert (said["ok"], said["broken"]) == (True, [])
    assert {health["name"]: health["available"] for health in said["backends"]}["keyed"] is False


@pytest.mark.parametrize(
    ("source", "requires", "command"),
    [
        ("", ["ttv-core>=99"], "pip install --upgrade ttv-broken ttv-core"),
        ("import no_such_engine", [], "pip install --upgrade --force-reinstall ttv-broken"),
    ],
)
def test_each_kind_of_broken_has_its_command(shell, source, requires, command):
    entry = "[ttv.backends]\nbroken = broken_plugin\n"
    shell.install("ttv-broken", entry, requires=requires, broken_plugin=source)
    done = shell.run("doctor")
    assert done.returncode == 3
    assert f"\n  broken\n    {command}\n" in done.stdout


def test_an_engine_that_cannot_be_imported_is_broken(shell):
    (shell.site / "snail_engine.py").write_text("import no_such_engine")
    assert shell.json("doctor", code=3)["broken"] == ["snail"]


def test_of_two_with_one_name_either_can_go(shell):
    for distribution in ("ttv-twin", "ttv-other"):
        module = distribution.replace("-", "_")
        shell.install(distribution, f"[ttv.backends]\ntwin = {module}\n", **{module: ""})
    done = shell.run("doctor")
    assert done.returncode == 3
    for distribution in ("ttv-twin", "ttv-other"):
        assert f"    pip uninstall {distribution}\n" in done.stdout
        assert f"    export TTV_DISABLE_PLUGINS=ttv-animatic,{distribution}\n" in done.stdout
    shell.env["TTV_DISABLE_PLUGINS"] = "ttv-animatic,ttv-other"
    assert "twin" not in shell.json("doctor", code=3)["broken"][1:]


def test_a_broken_policy_counts_too(shell):
    shell.install("house-rules", "[ttv.plugins]\nrules = house_rules\n", house_rules="1/0")
    said = shell.json("doctor", code=3)
    assert said["broken"] == ["rules"]
    done = shell.run("doctor")
    assert "ZeroDivisionError" in done.stdout
    assert "\n  rules\n    pip install --upgrade --force-reinstall house-rules\n" in done.stdout


def test_a_journal_that_cannot_be_read_counts_too(shell):
    state = Path(shell.env["TTV_STATE_DIR"])
    state.mkdir(mode=0o700)
    (state / "jobs.db").write_bytes(b"no database at all" * 100)
    assert shell.json("doctor", code=3)["broken"] == ["jobs"]


FAR = """
from ttv_core import Availability, Capabilities, LocalVideoGenerator

class Far(LocalVideoGenerator):
    name = "far"
    models = Capabilities.model_validate({
        "backend": "far", "kind": "remote", "models": [{"id": "far-1"}]})

    def availability(self, *, deep=False):
        return Availability(not deep, ("it cannot be reached",) if deep else ())

    def render(self, plan, context):
        raise AssertionError
"""


def test_a_network_that_is_away_is_not_mended_by_a_key(shell):
    shell.backend("far", FAR, "Far", kind="remote", setup={"env": ["FAR_API_KEY"]})
    said = {health["name"]: health for health in shell.json("doctor", "--deep")["backends"]}
    assert said["far"]["reasons"] == ["it cannot be reached"]
    assert (said["far"]["available"], said["far"]["remedies"]) == (False, [])
