"""Project, location and credentials: where they come from, and what is said without them."""

from __future__ import annotations

import json
import logging
import pickle
import subprocess
import sys
import traceback
import types
from pathlib import Path

import pytest
import vertex

from ttv_core import (
    AuthenticationError,
    BackendUnavailableError,
    ConfigurationError,
    extract_backend_config,
)
from ttv_core.testing import check_readme
from ttv_veo.client import place_of
from ttv_veo.generator import VeoGenerator
from ttv_veo.settings import VeoSettings


def test_the_readme_tells_what_the_data_says():
    check_readme(Path(__file__).parents[1] / "README.md", VeoGenerator.models)


def test_the_older_section_is_read():
    config = {"google_veo": {"project_id": "p", "region": "europe-west4", "veo_model": "m"}}
    values = extract_backend_config(config, "veo")
    assert VeoSettings.load(values, path="backends.veo").region == "europe-west4"
    assert extract_backend_config(config, "veo3") == values


def test_what_aiplatform_was_told_is_a_default(monkeypatch):
    told = types.SimpleNamespace(_project="theirs", _location="europe-west1", _credentials="c")
    module = types.SimpleNamespace(global_config=told)
    monkeypatch.setitem(sys.modules, "google.cloud.aiplatform.initializer", module)
    place = place_of(VeoSettings())
    assert (place.project, place.region, place.credentials) == ("theirs", "europe-west1", "c")
    own = place_of(VeoSettings(project_id="mine", credentials_path="k.json"))
    assert (own.project, own.region, own.credentials) == ("mine", "europe-west1", None)


def test_aiplatform_itself_keeps_it_there():
    code = (
        "from google.cloud import aiplatform as a; from google.auth.credentials import "
        "AnonymousCredentials as C; a.init(project='p', location='us-west1', credentials=C());"
        "from ttv_veo.client import place_of; from ttv_veo.settings import VeoSettings;"
        "print(place_of(VeoSettings()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "project='p', region='us-west1'" in done.stdout


def test_without_a_project_nothing_is_sent(vendor, tmp_path):
    veo = VeoGenerator(credentials_path=vendor.key_file(tmp_path), base_url=vendor.url)
    assert veo.availability().remedies == ("export GOOGLE_CLOUD_PROJECT=…",)
    with pytest.raises(BackendUnavailableError, match="GOOGLE_CLOUD_PROJECT"):
        veo.generate("a fox", output=tmp_path / "fox.mp4")
    with pytest.raises(ConfigurationError, match=r"backends\.veo\.project_id"):
        _ = veo.google.place
    assert vendor.requests["create"] + vendor.requests["poll"] == 0


def test_a_missing_key_file_is_told_before_anything(vendor, tmp_path):
    veo = VeoGenerator(project_id="p", credentials_path=tmp_path / "no.json", base_url=vendor.url)
    assert "no key file" in veo.availability().reasons[0]
    with pytest.raises(BackendUnavailableError, match="no key file") as caught:
        veo.generate("a fox", output=tmp_path / "fox.mp4")
    assert caught.value.charged == "no"
    assert vendor.requests == {}


def test_a_key_that_google_refuses(veo, vendor, tmp_path):
    body = json.dumps({"error": "invalid_grant"}).encode()
    vendor.fail("token", "status", status=400, body=body, times=20)
    with pytest.raises(AuthenticationError):
        veo.generate("a fox", output=tmp_path / "fox.mp4")
    assert not veo.availability(deep=True).ok
    assert vendor.accepted == 0


def test_a_deep_look_starts_nothing(veo, vendor):
    assert veo.availability(deep=True).ok
    assert dict(vendor.requests) == {"token": 1}


def test_where_a_job_belongs(veo):
    found = veo.identity()
    assert (found["project_id"], found["region"]) == (vertex.PROJECT, "us-central1")


@pytest.mark.parametrize("bucket", ["b", "gs://", "https://x/y", "UPPER", "gs://ok/with space"])
def test_what_is_no_bucket(bucket):
    with pytest.raises(ConfigurationError, match="output_bucket"):
        VeoGenerator(output_bucket=bucket)


def test_no_secret_is_left_anywhere(veo, vendor, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    key = json.loads(Path(veo.settings.credentials_path).read_text())["private_key"]
    secrets = [vertex.TOKEN, key.splitlines()[1]]
    said = []
    veo.generate("a fox", duration=4, output=tmp_path / "fox.mp4")
    quoted = vertex.problem(400, f"odd: {vertex.TOKEN}").body
    for fault in ("reset", "status", "quoted"):
        if fault == "quoted":
            vendor.fail("create", "status", status=400, body=quoted)
        else:
            vendor.fail("create", fault, after=True)
        try:
            veo.generate("a fox", duration=4, output=tmp_path / f"{fault}.mp4")
        except Exception as error:  # noqa: BLE001 - whatever it is
            said += [traceback.format_exc(), repr(error), str(pickle.loads(pickle.dumps(error)))]
    said += [repr(veo), repr(veo.settings), caplog.text, *map(repr, vendor.log)]
    left = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "key.json"]
    said += [path.read_bytes().decode("latin-1") for path in left]
    assert not [secret for secret in secrets for text in said if secret in text]
    assert any("odd: " in text for text in said)
