"""The data: as the SDK's own types have it, and as planning needs it."""

from __future__ import annotations

import pytest
import runway_sdk_types as sdk_types

from ttv_core import ModelNotFoundError
from ttv_runway.fields import FIELDS
from ttv_runway.forms import form_of
from ttv_runway.generator import RunwayGenerator

TABLE = RunwayGenerator.models
IN_USE = [model for model in TABLE.models if model.status != "retired"]
REQUESTS = sorted(sdk_types.MODELS)


def test_every_video_model_of_the_sdk_is_there_and_no_other():
    assert {model.id for model in IN_USE} == {model for _, model in REQUESTS}


@pytest.mark.parametrize(("endpoint", "model"), REQUESTS)
def test_a_request_has_the_fields_that_the_sdk_lists(endpoint, model):
    form = form_of(model, endpoint)
    needed, others = sdk_types.names(endpoint, model)
    assert set(form.required) == needed
    # The one exception is deprecated by the vendor, and ignored.
    assert set(form.optional) == others - ({"ratio"} if model == "aleph2" else set())
    assert set(form.fields) <= FIELDS.keys()


@pytest.mark.parametrize(("endpoint", "model"), REQUESTS)
def test_every_ratio_and_tier_of_the_sdk_can_be_asked_for(endpoint, model):
    table = TABLE.find(model).in_mode(endpoint)
    kinds = {wire: kind for wire, kind, _ in sdk_types.fields(sdk_types.MODELS[endpoint, model])}
    theirs = set()
    for name in ("ratio", "resolution", "targetAspectRatio"):
        # Capitals are older spellings; "adaptive" is what no ratio at all means.
        words = getattr(kinds.get(name), "__args__", ())
        theirs |= {word for word in words if word == word.lower()} - {"adaptive"}
    tiers_alone = model.startswith("wan3") and endpoint == "image_to_video"  # says its page
    if tiers_alone:
        theirs = {word for word in theirs if word.startswith("auto_")}
    elif any(":" in word for word in theirs):
        theirs = {word for word in theirs if not word.startswith("auto_")}
    assert _words(table.canvas, auto="resolution" not in kinds) == theirs


def _words(canvas, *, auto):
    found = {f"{size.width}:{size.height}" for size in canvas.sizes} | {*canvas.aspect_ratios}
    return found | {f"auto_{tier}" if auto else tier for tier in canvas.resolutions}


@pytest.mark.parametrize(
    ("old", "since", "new"),
    [
        ("gen3a_turbo", "2026-07-30", "gen4_turbo"),
        ("gen4_aleph", "2026-07-30", "aleph2"),
        ("veo3", "2026-06-30", "veo3.1"),
    ],
)
def test_a_retired_model_says_since_when_and_what_to_use(old, since, new):
    with pytest.raises(ModelNotFoundError, match=f"retired since {since}; use '{new}'"):
        RunwayGenerator().plan("a fox", model=old)


@pytest.mark.parametrize("model", IN_USE, ids=lambda model: model.id)
def test_what_the_vendor_does_not_say_is_unknown(model):
    assert model.enhance_prompt in {"unknown", "optional"}
    assert model.audio in {"unknown", "optional"}
    assert model.seed is None or model.seed.maximum is None
    assert model.fps is None or model.id.startswith("veo")
    assert (model.remote.progress, model.remote.cancel) == (True, True)
    assert (model.remote.url_lifetime, model.remote.concurrency) == (24 * 3600, None)
