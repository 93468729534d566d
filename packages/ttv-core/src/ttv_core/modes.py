"""Settle what a video is made from: the mode, and the pictures and videos given for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttv_core.capabilities import InputLimit
    from ttv_core.inputs import InputFacts, MediaInput
    from ttv_core.planning import Draft
    from ttv_core.request import VideoRequest

__all__ = ["settle_inputs", "settle_mode"]

_NEEDED = {
    "image_to_video": "an image",
    "first_last_frame": "an image and a last image",
    "reference_to_video": "reference images",
    "video_to_video": "a source video",
}


def wanted_mode(request: VideoRequest) -> str:
    """Return the mode that the given inputs ask for."""
    roles = {item.role for item in request.inputs}
    for role, mode in (
        ("source_video", "video_to_video"),
        ("reference", "reference_to_video"),
        ("last_frame", "first_last_frame"),
        ("first_frame", "image_to_video"),
    ):
        if role in roles:
            return mode
    return "text_to_video"


def settle_mode(draft: Draft) -> str:
    """Return the mode; an unsupported one is refused, never changed: it is another video."""
    model, mode = draft.model, wanted_mode(draft.request)
    if mode in model.modes:
        return mode
    allowed = ", ".join(model.modes)
    if mode == "text_to_video":
        needs = " or ".join(_NEEDED[m] for m in model.modes)
        draft.refuse("inputs", "missing", f"{model.id} needs {needs}; none was given", allowed)
    else:
        draft.refuse("inputs", "unsupported", f"{model.id} does not do {mode}", allowed)
        draft.exempt |= {item.role for item in draft.request.inputs}
    return model.modes[0]


def settle_inputs(draft: Draft, mode: str) -> dict[str, Any]:
    """Check every input against the model's limits and return them by role, with the mode."""
    request, model = draft.request, draft.model
    taken: dict[str, tuple[MediaInput, ...]] = {}
    for role in dict.fromkeys(item.role for item in request.inputs):
        given, limit = request.by_role(role), model.inputs.get(role)
        if limit is None:
            draft.refuse(role, "unsupported", f"{model.id} takes no {role}", _roles(draft))
            draft.exempt.add(role)
            continue
        if len(given) > limit.maximum:
            said = f"{len(given)} {role} inputs were given"
            allowed = f"at most {limit.maximum}"
            draft.refuse(role, "too_many", f"{said}; {model.id} takes {allowed}", allowed)
        for item in given:
            _check_input(draft, item, limit)
        taken[role] = given
    if "last_frame" in taken and "first_frame" not in taken and not model.lone_last_frame:
        draft.refuse("last_frame", "combination", f"{model.id} takes a last frame with a first")
    return {
        "mode": mode,
        "first_frame": _one(taken, "first_frame"),
        "last_frame": _one(taken, "last_frame"),
        "references": taken.get("reference", ()),
        "source_video": _one(taken, "source_video"),
    }


def _one(taken: dict[str, tuple[MediaInput, ...]], role: str) -> MediaInput | None:
    found = taken.get(role, ())
    return found[0] if found else None


def _roles(draft: Draft) -> str:
    return ", ".join(draft.model.inputs) or "no pictures or videos"


def _check_input(draft: Draft, item: MediaInput, limit: InputLimit) -> None:
    if item.is_url:
        if not limit.urls:
            said = f"{item.role} is a URL; {draft.model.id} takes files"
            draft.refuse(item.role, "unsupported", said, "a path, bytes or a data URI")
        return
    try:
        facts = item.facts()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        draft.refuse(item.role, "unreadable", f"{item.role} {item.label}: {reason}")
    except ValueError as error:
        draft.refuse(item.role, "unreadable", f"{item.role} {item.label}: {error}")
    else:
        _check_facts(draft, item, facts, limit)


def _check_facts(draft: Draft, item: MediaInput, facts: InputFacts, limit: InputLimit) -> None:
    """Hold a file against the limits: what it is, its bytes, its pixels, its shape."""
    name = f"{item.role} {item.label}"

    def refuse(code: str, said: str, allowed: str) -> None:
        message = f"{name} {said}; {draft.model.id} takes {allowed}"
        draft.refuse(item.role, code, message, allowed)

    if facts.size == 0:
        draft.refuse(item.role, "unreadable", f"{name} is empty")
        return
    if limit.formats and facts.format not in limit.formats:
        what = f"is {facts.format}" if facts.format else "is in no format that is known here"
        refuse("format", what, ", ".join(limit.formats))
        return
    if limit.max_bytes is not None and facts.size > limit.max_bytes:
        refuse("too_large", f"has {facts.size:,} bytes", f"at most {limit.max_bytes:,}")
    if facts.width is None or facts.height is None:
        if facts.format in {"png", "jpeg", "webp"}:
            draft.refuse(item.role, "unreadable", f"{name} is cut off: its header is not whole")
        return
    short, long = sorted((facts.width, facts.height))
    pixels = f"is {facts.width}x{facts.height}"
    if short < max(limit.min_edge or 1, 1):
        refuse("too_small", pixels, f"edges of at least {limit.min_edge or 1} pixels")
    if limit.max_edge is not None and long > limit.max_edge:
        refuse("too_large", pixels, f"edges of at most {limit.max_edge} pixels")
    if limit.max_pixels is not None and short * long > limit.max_pixels:
        refuse("too_large", pixels, f"at most {limit.max_pixels:,} pixels in all")
    if short == 0:
        return
    ratio = facts.width / facts.height
    if not (limit.min_ratio or 0) <= ratio <= (limit.max_ratio or float("inf")):
        allowed = f"ratios from {limit.min_ratio or 0:g} to {limit.max_ratio or 0:g}"
        refuse("ratio", f"{pixels}, a ratio of {ratio:.3g}", allowed)
