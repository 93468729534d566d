"""Clients that wait for a vendor's jobs: ttv, the vendors' own, and other libraries' adapters.

Each is an asynchronous context manager that takes the vendor's address, and the folder that its
files and the key file are in. It gives a coroutine that does one job: (model, prompt, target).
Each polls as it does by default, or as its documentation says.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

Job = Callable[[str, str, Path], Any]

PROJECT, REGION = "my-project", "us-central1"
TURN = 10.0  # seconds, in the documentation of google-genai, MiniMax and litellm
SECONDS = 6  # of video: every model here can make that


def key_file(folder: Path) -> str:
    """Return where the service account's key is."""
    return str(folder / "key.json")


def write_key(folder: Path, url: str) -> None:
    """Make a service account whose tokens come from the vendor on loopback."""
    import json

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    facts = {
        "type": "service_account",
        "client_email": "bench@my-project.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "private_key_id": "1",
        "token_uri": f"{url}/token",
        "project_id": PROJECT,
    }
    Path(key_file(folder)).write_text(json.dumps(facts))


@contextlib.asynccontextmanager
async def with_ttv(vendor: str, url: str, folder: Path) -> AsyncIterator[Job]:
    """Give a job with ttv's backend of a vendor."""
    import importlib

    kinds = {"runway": "RunwayGenerator", "veo": "VeoGenerator", "minimax": "MinimaxGenerator"}
    kind = getattr(importlib.import_module(f"ttv_{vendor}.generator"), kinds[vendor])
    settings = {"api_key": "key"}
    if vendor == "veo":
        settings = {"project_id": PROJECT, "credentials_path": key_file(folder)}
    generator = kind(base_url=url, **settings)

    async def job(model: str, prompt: str, target: Path) -> None:
        await generator.agenerate(
            prompt, model=model, duration=SECONDS, aspect_ratio="16:9", output=target
        )

    yield job


@contextlib.asynccontextmanager
async def with_runwayml(_: str, url: str, __: Path) -> AsyncIterator[Job]:
    """Give a job with runwayml's client and its `wait_for_task_output`."""
    import httpx
    import runwayml

    async with (
        runwayml.AsyncRunwayML(api_key="key", base_url=url) as client,
        httpx.AsyncClient() as plain,
    ):

        async def job(model: str, prompt: str, target: Path) -> None:
            made = await client.text_to_video.create(
                duration=SECONDS, model=model, prompt_text=prompt, ratio="1280:720"
            )
            task = await made.wait_for_task_output()
            await _download(plain, task.output[0], target)

        yield job


@contextlib.asynccontextmanager
async def with_genai(_: str, url: str, folder: Path) -> AsyncIterator[Job]:
    """Give a job with google-genai's client and the loop of its documentation."""
    from google import genai
    from google.genai import types
    from google.oauth2 import service_account

    scope = "https://www.googleapis.com/auth/cloud-platform"
    make: Any = service_account.Credentials.from_service_account_file
    client = genai.Client(
        vertexai=True,
        project=PROJECT,
        location=REGION,
        credentials=make(key_file(folder), scopes=[scope]),
        http_options=types.HttpOptions(base_url=url, api_version="v1"),
    )

    async def job(model: str, prompt: str, target: Path) -> None:
        operation = await client.aio.models.generate_videos(
            model=model,
            source=types.GenerateVideosSource(prompt=prompt),
            config=types.GenerateVideosConfig(duration_seconds=SECONDS),
        )
        while not operation.done:
            await asyncio.sleep(TURN)
            operation = await client.aio.operations.get(operation)
        operation.response.generated_videos[0].video.save(str(target))

    yield job


@contextlib.asynccontextmanager
async def with_documented(_: str, url: str, __: Path) -> AsyncIterator[Job]:
    """Give a job at MiniMax, which has no client, by the loop of its documentation."""
    import httpx

    headers = {"Authorization": "Bearer key"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:

        async def job(model: str, prompt: str, target: Path) -> None:
            asked = {
                "model": model,
                "content": [{"type": "text", "text": prompt}],
                "resolution": "768P",
                "duration": SECONDS,
                "ratio": "16:9",
            }
            created = await client.post("/v2/video_generation", json=asked)
            place = f"/v2/query/video_generation/{created.json()['task_id']}"
            while True:
                await asyncio.sleep(TURN)
                task = (await client.get(place)).json()["task"]
                if task["status"] == "succeeded":
                    break
            await _download(client, task["content"]["url"], target)

        yield job


@contextlib.asynccontextmanager
async def with_litellm(vendor: str, url: str, folder: Path) -> AsyncIterator[Job]:
    """Give a job with litellm and the loop of its documentation."""
    import litellm

    litellm.suppress_debug_info = True
    litellm.user_url_validation = False  # it downloads from no loopback otherwise
    base = f"{url}/v1" if vendor == "runway" else url
    about: dict[str, Any] = {"api_base": base, "api_key": "key"}
    prefix = {"runway": "runwayml", "veo": "vertex_ai", "minimax": "minimax"}[vendor]
    if vendor == "veo":
        about = {
            "api_base": url,
            "vertex_project": PROJECT,
            "vertex_location": REGION,
            "vertex_credentials": key_file(folder),
        }

    async def job(model: str, prompt: str, target: Path) -> None:
        video = await litellm.avideo_generation(
            model=f"{prefix}/{model}", prompt=prompt, seconds=str(SECONDS), size="1280x720", **about
        )
        while True:
            status = await litellm.avideo_status(video_id=video.id, **about)
            if status.status == "completed":
                break
            if status.status == "failed":
                raise RuntimeError(status)
            await asyncio.sleep(TURN)
        target.write_bytes(await litellm.avideo_content(video_id=video.id, **about))

    yield job


@contextlib.asynccontextmanager
async def with_genblaze(vendor: str, url: str, folder: Path) -> AsyncIterator[Job]:
    """Give a job with genblaze's adapter; it hands out a link, or a file of its own."""
    import shutil

    import httpx
    from genblaze_core.models.step import Step

    provider: Any
    if vendor == "runway":
        from genblaze_runway import RunwayProvider
        from genblaze_runway import provider as module

        module.validate_asset_url = lambda link, **_: link  # it takes no link of loopback otherwise
        os.environ["RUNWAYML_BASE_URL"] = url
        provider = RunwayProvider(api_secret="key")  # noqa: S106 - there is none
    else:
        from genblaze_google import VeoProvider

        os.environ["GOOGLE_VERTEX_BASE_URL"] = url
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = key_file(folder)
        provider = VeoProvider(project=PROJECT, location=REGION, output_dir=folder)
    async with httpx.AsyncClient() as plain:

        async def job(model: str, prompt: str, target: Path) -> None:
            step = Step(
                provider=provider.name,
                model=model,
                prompt=prompt,
                modality="video",
                params={"duration": SECONDS},
            )
            done = await provider.ainvoke(step)
            if not done.assets:
                raise RuntimeError(done.error)
            link = done.assets[0].url
            if link.startswith("file://"):
                shutil.move(link.removeprefix("file://"), target)
            else:
                await _download(plain, link, target)

        yield job


async def _download(client: Any, url: str, target: Path) -> None:
    async with client.stream("GET", url) as answer:
        with target.open("wb") as file:
            async for chunk in answer.aiter_bytes():
                file.write(chunk)


CLIENTS: dict[str, Callable[[str, str, Path], Any]] = {
    "ttv": with_ttv,
    "runwayml": with_runwayml,
    "google-genai": with_genai,
    "documented": with_documented,
    "litellm": with_litellm,
    "genblaze": with_genblaze,
}
