"""Tokens that Google takes no more, and inputs in the bucket when an answer was lost."""

from __future__ import annotations

import pytest
import vertex
from aiohttp import web

import ttv_veo.generator
from ttv_core import AuthenticationError
from ttv_core.jobs import Lookup


class Renewing(vertex.Vertex):
    """Takes the tokens it has made since the last were revoked."""

    tokens = 0
    revoked = 0

    async def token(self, request):
        self.tokens += 1
        return web.json_response({"access_token": f"token-{self.tokens}", "expires_in": 3600})

    def refuse(self, request):
        token = request.headers.get("Authorization", "").removeprefix("Bearer token-")
        if token.isdigit() and int(token) > self.revoked:
            return None
        return vertex.problem(401, "no valid token", "UNAUTHENTICATED")


@pytest.fixture
def vendor(clip, monkeypatch):
    with Renewing(video=clip.read_bytes()) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        yield running


def test_a_token_that_is_refused_while_a_job_runs_is_renewed(veo, vendor, tmp_path):
    vendor.states = ["running"]
    job = veo.start("a fox", duration=4, output=tmp_path / "fox.mp4")
    vendor.revoked = vendor.tokens
    for task in vendor.tasks.values():
        task.states.append("done")
    assert job.wait(60).path.read_bytes() == vendor.video
    assert (vendor.accepted, vendor.tokens) == (1, 2)


def test_a_token_that_is_refused_for_a_create_is_renewed_for_the_next(veo, vendor, tmp_path):
    veo.generate("a fox", duration=4, output=tmp_path / "fox.mp4")
    vendor.revoked = vendor.tokens
    with pytest.raises(AuthenticationError) as caught:
        veo.generate("a fox", duration=4, output=tmp_path / "no.mp4")
    assert caught.value.charged == "no"
    assert veo.generate("a fox", duration=4, output=tmp_path / "on.mp4").path.is_file()
    assert vendor.accepted == 2


class Delivering(vertex.Vertex):
    """Has a video in its folder once the create is accepted, as after some minutes."""

    def accept(self, request, **facts):
        task = super().accept(request, **facts)
        self.made(task, 0)
        return task


def test_the_input_of_a_job_that_was_looked_up_is_removed(clip, picture, tmp_path, monkeypatch):
    monkeypatch.setattr(ttv_veo.generator, "Lookup", lambda **_: Lookup(settle=0.2))
    picture.write_bytes(picture.read_bytes() + b"\0" * 8 * 1024 * 1024)
    with Delivering(video=clip.read_bytes()) as vendor:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", vendor.url)
        veo = ttv_veo.generator.VeoGenerator(
            project_id=vertex.PROJECT,
            base_url=vendor.url,
            credentials_path=vendor.key_file(tmp_path),
            output_bucket="gs://my-bucket/videos",
        )
        vendor.fail("create", "reset", after=True)
        video = veo.generate("a fox", duration=4, image=picture, output=tmp_path / "fox.mp4")
        assert (vendor.requests["create"], vendor.accepted) == (1, 1)
        assert [name for _, name in vendor.objects] == [f"videos/{video.job_id}-1/sample_0.mp4"]


def test_a_network_that_is_away_is_no_matter_of_credentials(vendor, tmp_path):
    path = vendor.key_file(tmp_path)
    path.write_text(path.read_text().replace(vendor.url, "http://127.0.0.1:1"))
    veo = ttv_veo.generator.VeoGenerator(project_id=vertex.PROJECT, credentials_path=path)
    found = veo.availability(deep=True)
    assert (found.ok, found.remedies) == (False, ())
    assert "gave no answer" in found.reasons[0]
