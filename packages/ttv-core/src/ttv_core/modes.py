"""Settle what a video is made from: the mode, and the pictures and videos given for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core.capabilities import InputLimit, Mode, ModelCapabilities, Role
    from ttv_core.draft import Draft
    from ttv_core.inputs import InputFacts, MediaInput
    from ttv_core.request import VideoRequest

__all__ = ["mode_of", "settle_inputs"]

# The input that decides comes first: with a reference and a first frame it is reference_to_video.
_MODES: dict[Role, Mode] = {
    "source_video": "video_to_video",
    "reference": "reference_to_video",
    "last_frame": "first_last_frame",
    "first_frame": "image_to_video",
}
_NEEDED = {
    "image_to_video": "an image",
    "first_last_frame": "an image and a last image",
    "reference_to_video": "reference images",
    "video_to_video": "a source video",
}
_MEASURED = {"png", "jpeg", "webp", "gif"}
_VIDEOS = {"mp4", "mov", "webm"}

Finding = tuple[str, str, str]
"""Code of a violation, what is wrong, and what is allowed."""


def settle_inputs(draft: Draft) -> dict[str, Any]:
    """Check every input against the model's limits and return them by role, with the mode.

    A mode that the model does not do, and an input that it does not take, are refused and never
    changed: without them it is another video.
    """
    request, model = draft.request, draft.model
    taken: dict[Role, tuple[MediaInput, ...]] = {}
    mode = draft.settled["mode"] = _settle_mode(draft)
    draft.settled |= {"images": 0, "videos": 0}  # for prices
    for role in dict.fromkeys(item.role for item in request.inputs):
        given, limit = request.by_role(role), model.inputs.get(role)
        if role in draft.exempt:
            continue
        if limit is None:
            allowed = ", ".join(model.inputs) or "no pictures or videos"
            draft.refuse(role, "unsupported", f"{model.id} takes no {role}", allowed)
            continue
        if len(given) > limit.maximum:
            said = f"{len(given)} {role} inputs were given"
            allowed = f"at most {limit.maximum}"
            draft.refuse(role, "too_many", f"{said}; {model.id} takes {allowed}", allowed)
        for item in given:
            kind = "videos" if _check_input(draft, item, limit) in _VIDEOS else "images"
            draft.settled[kind] += 1
        taken[role] = given
    if "last_frame" in taken and "first_frame" not in taken and not model.lone_last_frame:
        draft.refuse("last_frame", "combination", f"{model.id} takes a last frame with a first")
    single: dict[str, Any] = {role: next(iter(taken.get(role, ())), None) for role in _MODES}
    return {"mode": mode, **single, "references": taken.get("reference", ())}


def _asked(request: VideoRequest) -> tuple[Role | None, Mode]:
    """Return the input that decides the mode, and the mode that is asked for."""
    given = {item.role for item in request.inputs}
    role = next((role for role in _MODES if role in given), None)
    return role, "text_to_video" if role is None else _MODES[role]


def mode_of(request: VideoRequest, model: ModelCapabilities) -> Mode:
    """Return the mode that the inputs ask for, or one that the model has if it has not that."""
    _, mode = _asked(request)
    return mode if mode in model.modes else model.modes[0]


def _settle_mode(draft: Draft) -> Mode:
    """Return the mode; one that the model does not do is refused."""
    model = draft.model
    role, mode = _asked(draft.request)
    if mode in model.modes:
        return mode
    allowed = ", ".join(model.modes)
    if role is None:
        needs = " or ".join(_NEEDED[mode] for mode in model.modes)
        draft.refuse("inputs", "missing", f"{model.id} needs {needs}; none was given", allowed)
    else:
        message = f"{model.id} does not do {mode}, which {role} asks for"
        draft.refuse("inputs", "unsupported", message, allowed)
        draft.exempt.add(role)
    return mode_of(draft.request, model)


def _check_input(draft: Draft, item: MediaInput, limit: InputLimit) -> str | None:
    """Refuse what is beyond a limit, and return the format as far as it is known."""
    name = f"{item.role} {item.label}"
    if item.is_url:
        if not limit.urls:
            said = f"{name} is a URL; {draft.model.id} takes files"
            draft.refuse(item.role, "unsupported", said, "a path, bytes or a data URI")
        return "mp4" if item.role == "source_video" else _named_format(item)
    try:
        facts = item.facts()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        draft.refuse(item.role, "unreadable", f"{name}: {reason}")
        return None
    except ValueError as error:
        draft.refuse(item.role, "unreadable", f"{name}: {error}")
        return None
    for code, said, allowed in _findings(facts, limit):
        message = f"{name} {said}"
        if allowed:
            message += f"; {draft.model.id} takes {allowed}"
        draft.refuse(item.role, code, message, allowed)
    return facts.format


def _named_format(item: MediaInput) -> str:
    """Return the ending of a URL's path: all that is known of what is not fetched here."""
    return urlsplit(str(item.source)).path.rpartition(".")[2].lower()


def _findings(facts: InputFacts, limit: InputLimit) -> Iterator[Finding]:
    """Hold a file against the limits: what it is, its bytes, its pixels, its shape."""
    if facts.size == 0:
        yield "unreadable", "is empty", ""
    elif limit.formats and facts.format not in limit.formats:
        what = f"is {facts.format}" if facts.format else "is in no format that is known here"
        yield "format", what, ", ".join(limit.formats)
    else:
        if limit.max_bytes is not None and facts.size > limit.max_bytes:
            yield "too_large", f"has {facts.size:,} bytes", f"at most {limit.max_bytes:,}"
        if facts.width is not None and facts.height is not None:
            yield from _pixel_findings(facts.width, facts.height, limit)
        elif facts.format in _MEASURED:
            yield "unreadable", "is cut off or damaged: its header does not say its size", ""


def _pixel_findings(width: int, height: int, limit: InputLimit) -> Iterator[Finding]:
    short, long = sorted((width, height))
    pixels = f"is {width}x{height}"
    least = max(limit.min_edge or 1, 1)
    if short < least:
        yield "too_small", pixels, f"edges of at least {least} pixels"
    if limit.max_edge is not None and long > limit.max_edge:
        yield "too_large", pixels, f"edges of at most {limit.max_edge} pixels"
    if limit.max_pixels is not None and short * long > limit.max_pixels:
        yield "too_large", pixels, f"at most {limit.max_pixels:,} pixels in all"
    low, high = limit.min_ratio or 0.0, limit.max_ratio or math.inf
    if short and not low <= width / height <= high:
        allowed = f"ratios from {low:g} to {high:g}" if high < math.inf else f"at least {low:g}"
        yield "ratio", f"{pixels}, a ratio of {width / height:.3g}", allowed
