import pytest


def test_init_writes_what_passes_check(shell):
    assert shell.run("config", "init").returncode == 0
    text = (shell.cwd / "ttv.yaml").read_text()
    assert all(not line or line.startswith("#") for line in text.splitlines())
    assert "KEYED_API_KEY" in text
    done = shell.run("config", "check")
    assert done.returncode == 0
    assert done.stdout == "ttv.yaml: fine\n"


def test_what_init_writes_is_right_without_its_comment_signs_too(shell):
    shell.run("config", "init")
    lines = (shell.cwd / "ttv.yaml").read_text().splitlines()
    settings = [line.removeprefix("# ") for line in lines if ": " in line or line.endswith(":")]
    kept = [line for line in settings if not line.startswith(("default", "fallback", "#"))]
    general = [line for line in kept if line.split(":")[0].replace("_", "").isalpha()]
    (shell.cwd / "ttv.yaml").write_text("\n".join(line for line in general if ": " in line))
    assert shell.run("config", "check").returncode == 0


def test_what_init_says_of_remote_backends_is_right(bare, vendor):
    bare.run("config", "init", "--force")
    text = (bare.cwd / "ttv.yaml").read_text()
    part = text[text.index("# remote_api_settings:") :].partition("\n\n")[0]
    uncommented = "\n".join(line.removeprefix("# ") for line in part.splitlines())
    assert "max_retries" in uncommented
    (bare.cwd / "ttv.yaml").write_text(uncommented)
    done = bare.run("config", "check", env={"ACME_API_KEY": "a-key"})
    assert done.stdout == "ttv.yaml: fine\n", done.stderr


def test_init_replaces_nothing_unless_forced(shell):
    (shell.cwd / "ttv.yaml").write_text("default_backend: snail")
    done = shell.run("config", "init")
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert shell.run("config", "init", "--force").returncode == 0
    assert shell.run("config", "init", "gone/ttv.yaml").returncode == 2


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("default_backend: snial", "default_backend", "snail"),
        ("fallback_backends: [nobody]", "fallback_backends[0]", "nobody"),
        ("backends: {snail: {levl: 1}}", "backends.snail.levl", "did you mean 'level'?"),
        ("backends: {snail: {level: high}}", "backends.snail.level", "'high'"),
        ("backends: {snial: {}}", "backends.snial", "did you mean 'snail'?"),
        ("backends: {keyed: {api_key: '${MY_KEY}'}}", "backends.keyed.api_key", "MY_KEY"),
        ("colour: red", "colour", "nothing that is installed reads 'colour'"),
    ],
)
def test_check_finds_the_mistake(shell, text, key, told):
    (shell.cwd / "ttv.yaml").write_text(text)
    said = shell.json("config", "check", code=2)
    assert [(finding["level"], finding["key"]) for finding in said["findings"]] == [("error", key)]
    assert told in str(said["findings"][0])
    done = shell.run("config", "check")
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == "ttv.yaml: 1 error\n"


@pytest.mark.parametrize("text", ["default_backed: x", "a: [", "a: 1\na: 2", "- a"])
def test_what_cannot_be_read_is_an_error_too(shell, text):
    (shell.cwd / "ttv.yaml").write_text(text)
    assert shell.json("config", "check", code=2)["error"]["type"] == "ConfigurationError"


def test_what_another_machine_has_installed_is_no_mistake(shell):
    (shell.cwd / "ttv.yaml").write_text("backends: {runway: {api_key: '${RUNWAY}'}}")
    done = shell.run("config", "check")
    assert done.returncode == 0
    assert "pip install ttv-runway" in done.stderr


FAR = """
from ttv_core import BackendSettings

class Settings(BackendSettings):
    places: int = 1

class Far:
    Settings = Settings
    def __init__(self, settings):
        pass
    availability = open = places = make = close = None
"""


@pytest.mark.parametrize(
    ("text", "level", "key", "told"),
    [
        ("far: {places: few}", "error", "executors.far.places", "'few'"),
        ("far: {places: '${MANY}'}", "error", "executors.far.places", "MANY"),
        ("fat: {}", "error", "executors.fat", "did you mean 'far'?"),
        ("bad: {}", "note", "executors.bad", "ZeroDivisionError"),
        ("ray: {workers: 2}", "note", "executors.ray", "pip install ttv-ray"),
    ],
)
def test_check_looks_at_executors_too(shell, text, level, key, told):
    shell.install("ttv-far", "[ttv.executors]\nfar = far:Far\nbad = bad:Far\n", far=FAR, bad="1/0")
    (shell.cwd / "ttv.yaml").write_text(f"executors: {{{text}}}")
    said = shell.json("config", "check", code=2 if level == "error" else 0)
    assert [(finding["level"], finding["key"]) for finding in said["findings"]] == [(level, key)]
    assert told in str(said["findings"][0])


def test_a_backend_that_is_not_set_up_at_all_is_no_mistake(shell):
    (shell.cwd / "ttv.yaml").write_text("default_backend: snail")
    assert shell.json("config", "check")["findings"] == []


def test_show_hides_secrets_and_names_the_file(shell):
    (shell.cwd / "ttv.yaml").write_text("backends: {keyed: {api_key: sk-12345, url: '${U}'}}")
    done = shell.run("config", "show")
    assert "# from ttv.yaml" in done.stdout
    assert "sk-12345" not in done.stdout
    assert "${U}" in done.stdout
    said = shell.json("config", "show")
    assert said["file"] == "ttv.yaml"
    assert said["values"]["backends"]["keyed"]["api_key"] == "**********"


def test_show_without_a_file_says_where_it_looked(shell):
    done = shell.run("config", "show", env={"TTV_CONFIG": ""})
    assert done.returncode == 0
    assert "pipeline_config.yaml" in done.stdout
