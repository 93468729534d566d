"""A repository as an engine: what is planned is what its script is given, and its file is taken."""

from __future__ import annotations

import io
import json
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ttv_core import Capabilities, GenerationFailedError
from ttv_core.media import measure
from ttv_diffusers.official import Checkout, Repository, Script, flags, repository
from ttv_diffusers.official.generator import TwoEnginesGenerator

SCRIPT = """
import argparse, json, pathlib, sys
import numpy
from ttv_core.media import VideoWriter

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--prompt", required=True)
parser.add_argument("--size", required=True)
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--picture")
parser.add_argument("--out", required=True)
found = vars(parser.parse_args())
if found["picture"]:
    data = pathlib.Path(found["picture"]).read_bytes()
    found["picture"] = [pathlib.Path(found["picture"]).suffix, len(data)]
pathlib.Path("given.json").write_text(json.dumps(found))
for step in range(found["steps"] + 1):
    sys.stderr.write(f"\\r 10%|#   | {step}/{found['steps']} [00:01<00:02,  1.00s/it]")
width, height = map(int, found["size"].split("*"))
with VideoWriter(pathlib.Path(found["out"]), width=width, height=height, fps=24) as video:
    for level in range(9):
        video.write(numpy.full((height, width, 3), level * 20, numpy.uint8))
"""


class AcmeRepository(Repository):
    models = Capabilities.model_validate(
        {
            "backend": "acme",
            "kind": "local",
            "models": [
                {
                    "id": "acme-1",
                    "modes": ["text_to_video", "image_to_video"],
                    "frames": {"choices": [9], "default": 9},
                    "fps": 24,
                    "canvas": {"sizes": ["64x48"]},
                    "inputs": {"first_frame": {}},
                    "seed": {"maximum": 4294967295},
                    "prices": [{"basis": "free"}],
                }
            ],
        }
    )

    def script(self, model):
        return Script("go.py", "--seed", "--steps", "--out", pictures={"first_frame": "--picture"})

    def flags(self, request, model):
        size = f"{request.width}*{request.height}"
        assert request.num_frames == 9
        return {"--prompt": request.prompt, "--size": size, "--steps": request.options.steps or 3}

    def weights(self):
        return [self.checkout.folder / "weights"]


class AcmeGenerator(TwoEnginesGenerator):
    name = "acme"
    retries = 0
    models = AcmeRepository.models
    recipes = ()

    @property
    def repository(self):
        folder = Path(self.settings.model_dir)
        checkout = Checkout(folder, "backends.acme.model_dir", "https://acme.example", None)
        return AcmeRepository(checkout, gpus=self.settings.gpus, retries=self.retries)


@pytest.fixture
def acme(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "go.py").write_text(textwrap.dedent(SCRIPT))
    return AcmeGenerator(model_dir=folder)


def given(generator):
    return json.loads((Path(generator.settings.model_dir) / "given.json").read_text())


def test_the_script_is_given_what_the_plan_shows(acme, tmp_path):
    prompt = "--size=9*9 -狐狸\n$HOME"
    plan = acme.plan(prompt, seed=7, size="64x48")
    assert plan.native["flags"] == {"--prompt": prompt, "--size": "64*48", "--steps": 3}
    events = []
    video = acme.generate(
        prompt, seed=7, size="64x48", output=tmp_path / "v.mp4", on_event=events.append
    )
    said = given(acme)
    assert Path(said.pop("out")).name == "video.mp4"
    wanted = {"prompt": prompt, "size": "64*48", "steps": 3, "seed": 7, "picture": None}
    assert said == wanted
    assert (video.width, video.height, video.info.num_frames, video.seed) == (64, 48, 9, 7)
    assert measure(video.path) == video.info
    assert video.warnings == ()
    assert [event.step for event in events if event.step] == [1, 2, 3]


def test_a_seed_that_nobody_chose_is_drawn_and_told(acme, tmp_path):
    video = acme.generate("a fox", output=tmp_path / "v.mp4")
    assert video.seed == given(acme)["seed"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_picture_is_given_as_a_file(acme, tmp_path, kind, as_bytes):
    buffer = io.BytesIO()
    Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(buffer, kind)
    path = tmp_path / "a picture.bin"
    path.write_bytes(buffer.getvalue())
    source = buffer.getvalue() if as_bytes else path
    acme.generate("a fox", image=source, output=tmp_path / "v.mp4")
    assert given(acme)["picture"] == [f".{kind.lower()}", len(buffer.getvalue())]


def test_settings_of_the_other_engine_are_told_to_be_unused(acme):
    generator = AcmeGenerator(model_dir=acme.settings.model_dir, attention="flash", compile=True)
    said = generator.plan("a fox").warnings
    assert [warning.split(" is not used")[0] for warning in said] == [
        "backends.acme.attention",
        "backends.acme.compile",
    ]
    assert acme.plan("a fox").warnings == ()


def test_wishes_without_a_flag_are_refused(acme):
    plan = acme.plan("a fox", negative_prompt="dogs", options={"acme": {"shift": 3}})
    assert {violation.field for violation in plan.violations} == {
        "negative_prompt",
        "options.acme.shift",
    }


def test_a_failure_leaves_no_file_and_the_backend_is_named(acme, tmp_path):
    (Path(acme.settings.model_dir) / "go.py").write_text("print('nothing to do')")
    with pytest.raises(GenerationFailedError, match="nothing to do") as caught:
        acme.generate("a fox", output=tmp_path / "v.mp4")
    assert (caught.value.code, caught.value.backend) == ("no_file", "acme")
    assert not list(tmp_path.glob("*.mp4"))


@pytest.mark.parametrize(("code", "runs"), [(1, 3), (2, 1)])
def test_a_failed_run_is_made_again_but_not_one_that_was_refused(acme, tmp_path, code, runs):
    noted = tmp_path / "runs"
    script = f"import sys\nopen({str(noted)!r}, 'a').write('x')\nsys.exit({code})"
    (Path(acme.settings.model_dir) / "go.py").write_text(script)
    acme.retries = 2
    with pytest.raises(GenerationFailedError, match=f"exit code {code}"):
        acme.generate("a fox", output=tmp_path / "v.mp4")
    assert len(noted.read_text()) == runs


def test_what_is_missing_is_said_without_starting_anything(acme, tmp_path, monkeypatch):
    devices = tmp_path / "dev"
    devices.mkdir()
    monkeypatch.setattr(repository, "_DEVICES", devices)
    folder = Path(acme.settings.model_dir)
    said = " / ".join(acme.availability().reasons)
    assert f"the weights {folder / 'weights'} are not there" in said
    assert "1 NVIDIA GPU(s) are to be used, and 0 are here" in said
    (folder / "weights").mkdir()
    for name in ("nvidia0", "nvidiactl", "nvidia1"):
        (devices / name).touch()
    assert acme.availability().ok
    four = AcmeGenerator(model_dir=folder, gpus=4)
    assert "4 NVIDIA GPU(s) are to be used, and 2 are here" in four.availability().reasons[0]
    (folder / "go.py").unlink()
    gone = acme.availability()
    assert f"backends.acme.model_dir is {folder}, which has no go.py" in gone.reasons
    assert any("git clone https://acme.example" in remedy for remedy in gone.remedies)


def test_the_interpreter_is_that_of_the_checkout_unless_set(tmp_path):
    import sys

    checkout = Checkout(tmp_path, "x", "y")
    assert checkout.python == Path(sys.executable)
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.touch()
    assert checkout.python == own
    assert not checkout.availability("go.py").ok
    assert Checkout(tmp_path, "x", "y", Path("/other")).python == Path("/other")


def test_flags():
    values = {"--a": True, "--b": False, "--c": None, "--d": 0, "--e": "", "--f": (1, 2)}
    assert flags(values) == ("--a", "--d=0", "--e=", "--f", "1", "2")
