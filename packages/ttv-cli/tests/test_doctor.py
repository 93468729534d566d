def test_each_backend_is_examined(shell):
    done = shell.run("doctor")
    assert done.returncode == 0
    found = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line}
    assert found["snail"][3:] == ["yes", "yes", "yes"]
    assert found["five"][3:] == ["yes", "yes", "yes"]
    assert found["keyed"][3:] == ["yes", "yes", "no", "no", "key"]
    assert "keyed: export KEYED_API_KEY=…" in done.stdout
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
    assert "keyed: export MY_KEY=…" in done.stdout


def test_a_broken_plugin_and_one_that_hangs(shell):
    shell.install("ttv-broken", "[ttv.backends]\nbroken = broken_plugin\n", broken_plugin="1/0")
    shell.install(
        "ttv-slow",
        "[ttv.backends]\nslow = slow_plugin\n",
        slow_plugin="import time; time.sleep(60)",
    )
    said = {health["name"]: health for health in shell.json("doctor")["backends"]}
    assert said["broken"]["loads"] is False
    assert said["slow"]["available"] is None
    assert "did not answer" in said["slow"]["reasons"][0]
    assert said["snail"]["available"] is True
