"""The key shows nowhere, whatever goes wrong; and the backend says whether it can be used."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import pytest
from runway_vendor import KEY, Quick, Runway

from ttv_core import ConfigurationError, InvalidInputError, VideoGenerationError
from ttv_runway.generator import RunwayGenerator

# What quotes the key in every vendor's way is in the kit.
FAULTS = [
    ("create", {"fault": "body", "body": KEY.encode()}),
    ("slot", {"fault": "status", "status": 400, "body": f'{{"error": "{KEY}"}}'.encode()}),
]


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
def test_the_key_shows_nowhere(video, png, tmp_path, caplog, capfd, kind, fault):
    caplog.set_level(logging.DEBUG)
    told = []
    with Runway(
        ["RUNNING", {"status": "FAILED", "failure": KEY, "failureCode": f"SAFETY.OUTPUT.{KEY}"}],
        video,
    ) as vendor:
        fault = dict(fault)
        vendor.fail(kind, fault.pop("fault"), **fault)
        generator = Quick(api_key=KEY, base_url=vendor.url)
        told.append(f"{generator!r} {generator.settings!r} {generator.api!r}")
        try:
            generator.generate(
                "a fox",
                image=png(size=4_000_000),
                output=tmp_path / "fox.mp4",
                on_event=lambda event: told.append(repr(event)),
            )
        except VideoGenerationError as error:
            told += [traceback.format_exc(), repr(error), str(error.to_dict())]
        told += [str(vendor.log)]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert all(KEY.encode() not in data for data in kept)
    assert KEY not in "".join(told) + caplog.text + "".join(capfd.readouterr())


def test_an_answer_that_quotes_the_key_is_told_without_it(runway, generator):
    body = f'{{"error": "no", "issues": [{{"path": ["h"], "message": "bad {KEY}"}}]}}'.encode()
    runway.fail("create", "status", status=400, body=body)
    with pytest.raises(InvalidInputError) as caught:
        generator.generate("a fox", duration=5)
    assert [v.message for v in caught.value.violations] == ["bad **********"]


@pytest.mark.parametrize("key", ["key with spaces", "key\nInjected: yes", "schlüssel", "", "  "])
def test_a_key_that_fits_no_header_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError) as caught:
        RunwayGenerator(api_key=key)
    assert "api_key" in str(caught.value)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "url"), [("base_url", "http://evil.example"), ("default_ratio", "wide"), ("colour", 1)]
)
def test_a_setting_that_is_wrong_is_told(key, url):
    with pytest.raises(ConfigurationError, match=f"backends.runway.{key}"):
        RunwayGenerator(**{key: url})


def test_it_is_available_with_a_key_and_offline():
    found = RunwayGenerator().availability()
    assert not found
    assert "RUNWAYML_API_SECRET" in found.reasons[0]
    assert found.remedies[0].startswith("export RUNWAYML_API_SECRET=")
    assert RunwayGenerator(api_key=KEY, base_url="http://127.0.0.1:9").availability()


def test_a_deep_look_tells_the_credits_and_makes_nothing(runway, generator):
    found = generator.availability(deep=True)
    assert (found.ok, found.reasons) == (True, ("1,234 credits are left ($12.34)",))
    assert runway.requests == {"organization": 1}
    runway.balance = 0
    assert not generator.availability(deep=True)


def test_a_deep_look_tells_what_is_wrong(runway):
    wrong = Quick(api_key="key_wrong", base_url=runway.url).availability(deep=True)
    assert not wrong
    assert "401" in wrong.reasons[0]
    away = Quick(api_key=KEY, base_url="http://127.0.0.1:9").availability(deep=True)
    assert "cannot be reached" in away.reasons[0]


def test_the_entry_point_names_the_plugin():
    from importlib.metadata import entry_points

    (found,) = entry_points(group="ttv.backends", name="runway")
    (spec,) = found.load().ttv_backends()
    assert (found.value, spec.name, spec.config_section) == (
        "ttv_runway.plugin",
        "runway",
        "runway_ml",
    )
    assert Path(sys.modules[found.value].__file__).stat().st_size < 2000
