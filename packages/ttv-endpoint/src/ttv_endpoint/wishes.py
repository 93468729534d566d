"""From a request to our names for what is sent: every wish finds its place, or is refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from ttv_endpoint.dialects import COMMON
from ttv_endpoint.served import SERVED
from ttv_endpoint.wire import OPTIONS

if TYPE_CHECKING:
    from ttv_core import ModelCapabilities, ResolvedRequest

__all__ = ["wishes"]

_ASKED: Final = frozenset({"optional", "unknown"})
_SAME_SHAPE: Final = 1.02


def wishes(
    request: ResolvedRequest, model: ModelCapabilities, configured: str | None
) -> dict[str, Any]:
    """Return what is asked for, by our names. Pure.

    Args:
        request: What is asked.
        model: What the model can do.
        configured: The model's name in the settings.
    """
    body: dict[str, Any] = {}
    if name := _served_name(request, model, configured):
        body["model"] = name
    body["prompt"] = request.prompt
    if request.negative_prompt:
        body["negative_prompt"] = request.negative_prompt
    body |= _picture(request, model) | _length(request)
    if request.seed is not None:
        body["seed"] = request.seed
    # What a model always or never has is not for a request to say; the plan has told of it.
    if request.audio is not None and model.audio in _ASKED:
        body["generate_sound"] = request.audio
    if request.enhance_prompt is not None and model.enhance_prompt in _ASKED:
        body["enhance_prompt"] = request.enhance_prompt
    if request.n > 1:
        request.refuse("n", f"a job makes one video; n is {request.n}", allowed="1")
    if request.first_frame is not None:
        body["input_reference"] = request.first_frame
        _tell_shape(request, body)
    return body | _options(request)


def _served_name(
    request: ResolvedRequest, model: ModelCapabilities, configured: str | None
) -> str | None:
    """Return the name as it was given, for a server knows its model by one name only."""
    if model.id == SERVED:
        _ = request.model
        request.warn(
            "which model the server has is not known here, so nothing is checked, and what is not "
            "asked for is the server's choice; set backends.endpoint.model"
        )
        return None
    return request.asked.model or configured or request.model


def _picture(request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
    if request.width is not None and request.height is not None:
        return {"width": request.width, "height": request.height}
    asked = request.asked
    for name in ("aspect_ratio", "resolution"):
        value = getattr(asked, name)
        if value is not None and getattr(request, name) is not None:
            said = f"which sizes {model.id} makes is not known; give size in pixels, not {value}"
            request.refuse(name, said, allowed='a size such as "832x480"')
    return {}


def _length(request: ResolvedRequest) -> dict[str, Any]:
    """Return frames and their rate; seconds only where nobody can tell how many frames they are."""
    body: dict[str, Any] = {}
    if request.fps is not None:
        body["fps"] = _whole(request.fps)
    if request.num_frames is not None:
        body["num_frames"] = request.num_frames
    elif request.duration is not None:
        body["seconds"] = _whole(request.duration)
        request.warn("the server decides how many frames the seconds are; give fps to decide it")
    return body


def _whole(number: float) -> float:
    """Return 16.0 as 16, for some servers take nothing else; 16.5 as it is."""
    return int(number) if float(number).is_integer() else number


def _options(request: ResolvedRequest) -> dict[str, Any]:
    given = {name: getattr(request.options, name) for name in OPTIONS}
    body = {name: value for name, value in given.items() if value is not None}
    taken = sorted(body.get("extra_params", {}).keys() & {*COMMON, *OPTIONS, "size"})
    if taken:
        said = f"{', '.join(taken)} cannot be in extra_params, where it might be overruled"
        request.refuse("options.endpoint.extra_params", said, allowed="other names")
    return body


def _tell_shape(request: ResolvedRequest, body: dict[str, Any]) -> None:
    """Say where the server will stretch a picture to the size of the video."""
    picture = request.first_frame
    if picture is None or picture.is_url or "width" not in body:
        return
    try:
        facts = picture.facts()
    except (OSError, ValueError):
        return  # planning has told that it cannot be read
    if not facts.width or not facts.height:
        return
    off = (facts.width / facts.height) / (body["width"] / body["height"])
    if math.exp(abs(math.log(off))) > _SAME_SHAPE:
        size = f"{body['width']}x{body['height']}"
        request.warn(
            f"the picture is {facts.width}x{facts.height} and is stretched to {size} by the server"
        )
