"""The five methods of our own generators are views of one plan."""

from __future__ import annotations

import json
import math
import pickle

import pytest

import ttv_core
from ttv_core import InvalidInputError, VideoRequest


def test_generate_video_takes_the_older_names(grey, tmp_path):
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\0\0\0\x40\0\0\0\x40" + bytes(20))
    path = grey.generate_video(
        "dusk", input_image_path=str(picture), output_path=str(tmp_path / "d.mp4"), duration=1
    )
    assert path == str(tmp_path / "d.mp4")
    assert isinstance(path, str)


def test_a_field_under_both_names_is_refused(grey):
    with pytest.raises(InvalidInputError, match="two names of one field"):
        grey.generate_video("dusk", output="a.mp4", output_path="b.mp4")


def test_capabilities_are_json_with_the_keys_of_the_contract(grey):
    told = json.loads(json.dumps(grey.get_capabilities()))
    assert told["max_duration"] == 10
    assert told["supports_text_to_video"] is True
    assert told["supports_image_to_video"] is True
    assert told["requires_gpu"] is False
    assert told["api_based"] is False
    assert told["supported_resolutions"] == []
    assert told["models"][0]["id"] == "grey-1"


def test_cost_needs_only_what_bears_on_it(grey, kit):
    assert grey.estimate_cost(duration=5) == 0.0
    per_video = kit.paid("dear", "0.90")()
    assert per_video.estimate_cost() == 0.9
    assert per_video.estimate_cost(duration=2, resolution="64x36") == 0.9
    with pytest.raises(InvalidInputError, match="duration 90"):
        per_video.estimate_cost(duration=90)


def test_an_unknown_cost_is_not_a_number(kit):
    class Silent(kit.Grey):
        models = kit.Grey.models.model_copy(
            update={"models": (kit.Grey.models.models[0].model_copy(update={"prices": ()}),)}
        )

    assert math.isnan(Silent().estimate_cost(duration=1))


def test_validation_lists_sentences(grey):
    assert grey.validate_inputs(prompt="dusk", duration=5) == []
    wrong = grey.validate_inputs(prompt="dusk", duration=50, fps=25, output_path="x.mp4")
    assert len(wrong) == 2
    assert all(isinstance(sentence, str) for sentence in wrong)
    assert grey.validate_inputs(prompt="") == [
        "prompt is empty; say what to show, or give an image"
    ]
    assert "no model 'other'" in grey.validate_inputs(prompt="dusk", model="other")[0]


def test_availability_is_the_fifth(grey, kit):
    assert grey.is_available() is True
    assert kit.Grey(ready=False).is_available() is False


def test_a_request_or_a_prompt_will_do(grey):
    request = VideoRequest(prompt="dusk", duration=1)
    assert grey.plan(request) == grey.plan("dusk", duration=1)
    assert grey.plan(request, duration=2).expected.duration == 2
    assert grey.plan(prompt="dusk").request.prompt == "dusk"
    with pytest.raises(InvalidInputError, match="given twice"):
        grey.plan("dusk", prompt="dawn")
    with pytest.raises(InvalidInputError):
        grey.plan(5)


def test_a_generator_shows_no_secret(kit):
    secret = "canary-7f3a"
    generator = kit.Grey(api_key=secret)
    assert secret not in repr(generator) + str(generator) + repr(generator.settings)
    with pytest.raises(ttv_core.ConfigurationError) as caught:
        kit.Grey(api_key=[secret])
    assert secret not in str(caught.value) + repr(caught.value.__dict__)


def test_results_are_json_pickle_and_show_in_a_notebook(grey, tmp_path):
    video = grey.generate("dusk", output=tmp_path / "<d>.mp4")
    assert json.loads(json.dumps(video.to_dict()))["info"]["num_frames"] == 12
    assert pickle.loads(pickle.dumps(video)) == video
    assert "&lt;d&gt;.mp4" in video._repr_html_()
    assert "<video" in video._repr_html_()
