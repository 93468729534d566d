"""Choosing and falling back: every reason kept, and never a second payment."""

from __future__ import annotations

import threading
import time

import pytest

import ttv_core
from ttv_core import (
    AllBackendsFailedError,
    AuthenticationError,
    BackendUnavailableError,
    ConfigurationError,
    ContentRejectedError,
    CostLimitError,
    GenerationCancelledError,
    GenerationFailedError,
    GenerationTimeoutError,
    InvalidInputError,
    ModelNotFoundError,
    OutputError,
    QuotaExceededError,
    SubmissionUncertainError,
    VideoGenerationError,
)
from ttv_core.routing import may_fall_back


def outcomes(attempts):
    return {attempt.backend: attempt.outcome for attempt in attempts}


@pytest.fixture
def many(registry, kit):
    """A free local backend, two paid ones and a preview."""

    class Sketch(kit.Grey):
        name = "sketch"
        models = kit.Grey.models.model_copy(update={"kind": "preview", "backend": "sketch"})

    registry["grey"] = kit.Grey
    registry["cheap"] = kit.paid("cheap", "0.10")
    registry["dear"] = kit.paid("dear", "0.90")
    registry["sketch"] = Sketch
    return registry


def test_auto_prefers_what_is_local(many, tmp_path):
    video = ttv_core.generate("a fox", output=tmp_path / "f.mp4")
    assert video.backend == "grey"
    assert outcomes(video.attempts) == {
        "grey": "used",
        "cheap": "not needed",
        "dear": "not needed",
        "sketch": "skipped",
    }


def test_auto_takes_the_cheaper_of_the_paid_ones(many):
    config = {"prefer_local_when_available": False}
    del many["grey"]
    assert ttv_core.plan("a fox", config=config).backend == "cheap"


def test_the_configured_order_goes_before_price(many):
    config = {"prefer_local_when_available": False, "api_priority_order": ["dear", "cheap"]}
    assert ttv_core.plan("a fox", config=config).backend == "dear"
    assert ttv_core.plan("a fox", config={"api_priority_order": ["dear"]}).backend == "grey"


def test_auto_never_chooses_a_preview(many, tmp_path):
    for name in ("grey", "cheap", "dear"):
        del many[name]
    with pytest.raises(AllBackendsFailedError, match="previews") as caught:
        ttv_core.generate("a fox", output=tmp_path / "f.mp4")
    assert outcomes(caught.value.attempts) == {"sketch": "skipped"}
    named = ttv_core.generate("a fox", backend="sketch", output=tmp_path / "f.mp4")
    assert named.attempts[0].reason == "a preview, not a generated video"


def test_a_preview_is_used_as_a_listed_fallback(many, tmp_path):
    for name in ("grey", "cheap", "dear"):
        del many[name]
    video = ttv_core.generate(
        "a fox", fallback_backends=["sketch"], config={}, output=tmp_path / "f.mp4"
    )
    assert video.backend == "sketch"


def test_every_candidate_keeps_its_reason(many, kit):
    class Refusing(kit.Grey):
        name = "refusing"

        def __init__(self, *args, **kwargs):
            raise RuntimeError("no luck")

    many["refusing"] = Refusing
    config = {"backends": {"grey": {"ready": False}, "cheap": {"nonsense": 1}}}
    with pytest.raises(AllBackendsFailedError) as caught:
        ttv_core.plan("a fox", config=config, duration=90)
    reasons = {attempt.backend: attempt.reason for attempt in caught.value.attempts}
    assert "backends.cheap.nonsense" in reasons["cheap"]
    assert "duration 90 " in reasons["dear"]
    assert "duration 90 " in reasons["grey"]
    assert reasons["refusing"] == "RuntimeError: no luck"
    assert all(reason in str(caught.value) for reason in reasons.values())


def test_an_unavailable_backend_says_what_mends_it(many, kit):
    config = {"backends": {"grey": {"ready": False}}}
    for name in ("cheap", "dear", "sketch"):
        del many[name]
    with pytest.raises(AllBackendsFailedError) as caught:
        ttv_core.generate("a fox", config=config)
    attempt = caught.value.attempts[0]
    assert attempt.reason == "grey is not ready"
    assert attempt.error.remedy == "set backends.grey.ready"


def test_nothing_installed_says_what_to_install(registry):
    with pytest.raises(BackendUnavailableError, match="pip install ttv-animatic"):
        ttv_core.generate("a fox")


def test_a_backend_that_hangs_is_left_out(registry, kit, monkeypatch):
    release = threading.Event()

    class Slow(kit.Grey):
        def availability(self, *, deep=False):
            release.wait(60)
            return super().availability()

    registry["grey"], registry["slow"] = kit.Grey, Slow
    monkeypatch.setattr(
        ttv_core.routing.survey, "__kwdefaults__", {"seconds": 2.0, "check_availability": True}
    )
    try:
        auto = ttv_core.create_video_generator({}, "auto")
        found = auto.consider(ttv_core.VideoRequest(prompt="a fox"))
        assert {c.name: c.reason for c in found} == {
            "grey": "",
            "slow": "it did not answer within 2 s",
        }
    finally:
        release.set()


NEVER_AGAIN = [
    SubmissionUncertainError("lost"),
    GenerationTimeoutError("slow"),
    GenerationCancelledError("stopped"),
    ContentRejectedError("no", charged="no"),
    GenerationFailedError("broke", charged="yes"),
    GenerationFailedError("broke"),
    VideoGenerationError("?"),
    OutputError("disk full"),
]
FREE = [
    BackendUnavailableError("gone"),
    AuthenticationError("key"),
    QuotaExceededError("slow"),
    ModelNotFoundError("old"),
    ConfigurationError("typo"),
    InvalidInputError("no"),
    CostLimitError("dear"),
    GenerationFailedError("broke", charged="no"),
]


@pytest.mark.parametrize("error", NEVER_AGAIN, ids=lambda e: f"{type(e).__name__}-{e.charged}")
def test_nothing_else_is_tried_after_what_may_cost(registry, kit, tmp_path, error):
    registry["dear"] = kit.paid("dear", "0.90", error)
    registry["grey"] = kit.Grey
    with pytest.raises(type(error)) as caught:
        ttv_core.generate(
            "a fox", backend="dear", fallback_backends=["grey"], output=tmp_path / "f.mp4"
        )
    assert caught.value is error
    assert "no other backend was tried" in "".join(caught.value.__notes__)
    assert not (tmp_path / "f.mp4").exists()
    assert may_fall_back(error)[0] is False


@pytest.mark.parametrize("error", FREE, ids=lambda e: type(e).__name__)
def test_the_next_is_tried_after_what_surely_cost_nothing(registry, kit, tmp_path, error):
    registry["dear"] = kit.paid("dear", "0.90", error)
    registry["grey"] = kit.Grey
    video = ttv_core.generate(
        "a fox", backend="dear", fallback_backends=["grey"], output=tmp_path / "f.mp4"
    )
    assert video.backend == "grey"
    first = video.attempts[0]
    assert (first.backend, first.outcome, first.error) == ("dear", "failed", error)


def test_when_all_fail_each_error_is_kept(registry, kit, tmp_path):
    registry["one"] = kit.paid("one", "0.1", QuotaExceededError("slow"))
    registry["two"] = kit.paid("two", "0.1", AuthenticationError("key"))
    with pytest.raises(AllBackendsFailedError) as caught:
        ttv_core.generate(
            "a fox", backend="one", fallback_backends=["two"], output=tmp_path / "f.mp4"
        )
    assert [type(a.error).__name__ for a in caught.value.attempts] == [
        "QuotaExceededError",
        "AuthenticationError",
    ]
    assert caught.value.charged == "no"


def test_fallbacks_keep_the_users_order(registry, kit, tmp_path):
    registry["one"] = kit.paid("one", "0.1", QuotaExceededError("slow"))
    registry["b"], registry["a"] = kit.paid("b", "0.1"), kit.paid("a", "0.1")
    config = {"default_backend": "one", "fallback_backends": ["b", "a"]}
    video = ttv_core.generate("a fox", config=config, output=tmp_path / "f.mp4")
    assert video.backend == "b"
    assert outcomes(video.attempts) == {"one": "failed", "b": "used", "a": "not needed"}


def test_the_older_fallback_setting_is_understood(registry, kit, tmp_path):
    registry["one"] = kit.paid("one", "0.1", QuotaExceededError("slow"))
    registry["grey"] = kit.Grey
    config = {"default_backend": "one", "remote_api_settings": {"fallback_backend": "grey"}}
    assert ttv_core.generate("a fox", config=config, output=tmp_path / "f.mp4").backend == "grey"


def test_a_misspelt_fallback_is_an_error_at_once(registry, kit):
    registry["grey"] = kit.Grey
    with pytest.raises(BackendUnavailableError, match="there is no backend 'gray'"):
        ttv_core.create_video_generator({"fallback_backends": ["gray"]}, "grey")


def test_a_backend_given_as_a_configuration_is_told_apart(many):
    with pytest.raises(ConfigurationError, match="say backend='dear'"):
        ttv_core.create_video_generator("dear")
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        ttv_core.create_video_generator("deer")
    assert not caught.value.remedy


def test_an_environment_variable_goes_before_the_configuration(many, monkeypatch):
    monkeypatch.setenv("TTV_BACKEND", "dear")
    assert ttv_core.plan("a fox", config={"default_backend": "cheap"}).backend == "dear"
    assert ttv_core.plan("a fox", backend="grey").backend == "grey"


def test_a_plugin_ranks_the_candidates(many, monkeypatch):
    asked = []

    def rank(request, candidates):
        asked.append((request.prompt, [plan.backend for plan in candidates]))
        return ["dear"]

    monkeypatch.setattr(many.plugins, "rank", rank)
    assert ttv_core.plan("a fox", config={}).backend == "dear"
    assert asked == [("a fox", ["grey", "cheap", "dear"])]


def test_cancelling_the_chain_cancels_the_one_at_work(many, kit, tmp_path):
    reached = threading.Event()

    def stay(i, context):
        reached.set()
        while not context.cancelled:
            time.sleep(0.01)

    kit.Grey.misbehave = staticmethod(stay)
    try:
        job = ttv_core.start("a fox", duration=10, output=tmp_path / "f.mp4", config={})
        assert reached.wait(60)
        job.cancel()
        with pytest.raises(GenerationCancelledError):
            job.wait(60)
    finally:
        kit.Grey.misbehave = None
    assert list(tmp_path.iterdir()) == []


def test_auto_answers_the_five_methods(many, tmp_path):
    auto = ttv_core.create_video_generator({})
    assert auto.is_available()
    assert auto.estimate_cost(duration=1) == 0
    assert auto.validate_inputs(prompt="a fox") == []
    assert auto.get_capabilities()["supports_text_to_video"]
    assert auto.generate_video("a fox", output_path=tmp_path / "f.mp4") == str(tmp_path / "f.mp4")


def test_settings_need_a_backend_by_name(many):
    with pytest.raises(ConfigurationError, match="ready"):
        ttv_core.create_video_generator({}, "auto", ready=False)
    assert not ttv_core.create_video_generator({}, "grey", ready=False).is_available()


def test_options_for_a_backend_that_is_not_there_are_refused(many):
    with pytest.raises(InvalidInputError, match="did you mean 'grey'"):
        ttv_core.plan("a fox", backend="grey", options={"gray": {"level": 1}})
    assert ttv_core.plan("a fox", backend="grey", options={"grey": {"level": 1}}).ok
