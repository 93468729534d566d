"""A request in the words of Google's client, and its inputs as bytes or objects of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_core import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ttv_core import MediaInput, ResolvedRequest

    # Puts an input into a bucket and returns its address; None where it goes along in the request.
    Place = Callable[[bytes, str], Awaitable[str | None]]

__all__ = ["native_request", "with_media"]

MIME_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "mp4": "video/mp4"}
_OPTIONS = ("person_generation", "compression_quality", "resize_mode", "labels")


def native_request(request: ResolvedRequest, output: str | None) -> dict[str, Any]:
    """Return the arguments of `generate_videos`; inputs are still `MediaInput`s.

    Args:
        request: Legal values.
        output: The folder in a bucket that videos are written to, below which each job has its own.
    """
    source = {"prompt": request.prompt or None, "image": request.first_frame}
    source["video"] = request.source_video
    config: dict[str, Any] = {
        "aspect_ratio": request.aspect_ratio,
        "resolution": request.resolution,
        "number_of_videos": request.n,
        "negative_prompt": request.negative_prompt,
        "seed": request.seed,
        "generate_audio": request.audio,
        "last_frame": request.last_frame,
        "output_gcs_uri": output,
    }
    seconds = request.duration
    if request.mode != "video_to_video" and seconds is not None:
        config["duration_seconds"] = int(seconds)  # an extension has a length of its own
    if request.references:
        config["reference_images"] = [
            {"image": image, "reference_type": "ASSET"} for image in request.references
        ]
    config |= {name: getattr(request.options, name) for name in _OPTIONS}
    return {"model": request.model, "source": _said(source), "config": _said(config)}


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


async def with_media(native: dict[str, Any], place: Place) -> dict[str, Any]:
    """Return the arguments with every input as the client takes it.

    Args:
        native: What `native_request` returned.
        place: Puts an input into a bucket and returns its address, or None.
    """
    source, config = dict(native["source"]), dict(native["config"])
    for fields, name, of in (
        (source, "image", "image_bytes"),
        (source, "video", "video_bytes"),
        (config, "last_frame", "image_bytes"),
    ):
        if name in fields:
            fields[name] = await _media(fields[name], of, place)
    if "reference_images" in config:
        config["reference_images"] = [
            {**item, "image": await _media(item["image"], "image_bytes", place)}
            for item in config["reference_images"]
        ]
    return {**native, "source": source, "config": config}


async def _media(item: MediaInput, name: str, place: Place) -> dict[str, Any]:
    try:
        data = item.read()
    except OSError as error:  # it was there when it was planned
        said = f"{item.role} {item.label} cannot be read: {error.strerror or type(error).__name__}"
        raise InvalidInputError(said, code="unreadable") from error
    mime_type = MIME_TYPES[item.facts().format or "mp4"]
    uri = await place(data, mime_type)
    if uri is None:
        return {name: data, "mime_type": mime_type}
    return {"gcs_uri" if name == "image_bytes" else "uri": uri, "mime_type": mime_type}
