import pytest


def rows(done):
    return {line.split()[0]: line for line in done.stdout.splitlines()[1:]}


def test_every_backend_has_a_line(shell):
    done = shell.run("plan", "a fox", "-d", "3")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split() == [
        *("backend", "model", "can", "it?", "what", "would", "change", "cost")
    ]
    lines = rows(done)
    assert set(lines) == {"snail", "five", "keyed"}
    assert "adjusted  duration 3 → 4 s (allowed: 1, 2, 4)" in lines["snail"]
    assert lines["snail"].endswith("$0.40")
    assert " yes " in lines["five"]
    assert lines["five"].endswith("free")


def test_what_is_possible_as_it_is_needs_no_change(shell):
    line = rows(shell.run("plan", "a fox", "-d", "2"))["snail"]
    assert line.split() == ["snail", "snail-1", "yes", "–", "$0.20"]


def test_why_not_is_said_with_what_mends_it(shell):
    line = rows(shell.run("plan", "a fox"))["keyed"]
    assert " no " in line
    assert "no key: export KEYED_API_KEY=…" in line


def test_a_preview_is_called_one(shell):
    engine = (shell.site / "snail_engine.py").read_text().replace('"snail"', '"sketch"')
    engine = engine.replace('"kind": "local"', '"kind": "preview"')
    shell.backend("sketch", engine, "Snail", kind="preview")
    assert "a preview, not a generated video" in rows(shell.run("plan", "a fox"))["sketch"]
    assert "makes  a preview" in shell.run("plan", "a fox", "-b", "sketch").stdout
    done = shell.run("generate", "a fox", "-b", "sketch", "-o", "fox.mp4")
    assert "a preview, not a generated video" in done.stderr
    shell.env["TTV_DISABLE_PLUGINS"] += ",five,snail"
    nobody = shell.run("generate", "a fox")
    assert nobody.returncode == 3
    assert "to mend it: --backend sketch makes a preview" in nobody.stderr


def test_json_has_the_plans(shell):
    said = {row["backend"]: row for row in shell.json("plan", "a fox", "-d", "3")["backends"]}
    assert said["snail"]["can"] == "adjusted"
    assert said["snail"]["plan"]["adjustments"][0]["used"] == 4
    assert said["keyed"]["can"] == "no"


def test_one_backend_shows_what_would_be_sent(shell):
    done = shell.run("plan", "a fox", "--backend", "snail", "-d", "2")
    assert done.returncode == 0
    assert "cost   $0.20 (2 s x 0.10, acme.example/prices, 2026-11-20)" in done.stdout
    assert "what would be sent:" in done.stdout
    assert "  duration" in done.stdout
    said = shell.json("plan", "a fox", "-b", "snail", "-d", "9", code=2)
    assert said["violations"][0]["field"] == "duration"


def test_a_budget_counts(shell):
    words = ("plan", "a fox", "-d", "2", "--max-cost", "0.05")
    assert " no " in rows(shell.run(*words))["snail"]
    assert shell.run(*words, "-b", "snail").returncode == 4


def test_the_house_policy_has_its_say(shell):
    policy = """
    from ttv_core import Violation
    from ttv_core.hookspecs import hookimpl

    @hookimpl
    def ttv_review(plan):
        if "logo" in plan.request.prompt:
            return [Violation("prompt", "policy", "no logos")]
    """
    shell.install("ttv-house", "[ttv.plugins]\nhouse = house_rules\n", house_rules=policy)
    assert "no logos" in rows(shell.run("plan", "a logo"))["snail"]
    assert shell.run("plan", "a logo").returncode == 3
    for words in (["plan", "a logo"], ["generate", "a logo"], ["generate", "a logo", "--dry-run"]):
        done = shell.run(*words, "-b", "snail")
        assert done.returncode == 4
        assert "no logos" in done.stderr


def test_a_conflict_and_a_broken_one_are_only_their_own_lines(shell):
    for distribution in ("ttv-twin", "ttv-other"):
        module = distribution.replace("-", "_")
        shell.install(distribution, f"[ttv.backends]\ntwin = {module}\n", **{module: ""})
    shell.install("ttv-broken", "[ttv.backends]\nbroken = broken_plugin\n", broken_plugin="1/0")
    lines = rows(shell.run("plan", "a fox"))
    assert {"snail", "five", "keyed", "broken", "twin@ttv-twin", "twin@ttv-other"} == set(lines)
    assert "ZeroDivisionError" in lines["broken"]
    assert "both bring" in lines["twin@ttv-twin"]


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_nobody_can(bare, words):
    assert bare.run("plan", "a fox", *words).returncode == 3
