"""The body of a create in v2: a text, and media each with its role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ttv_core import MediaInput
from ttv_minimax.media import kind_of, sound_format
from ttv_minimax.protocol import whole_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core import ModelCapabilities, ResolvedRequest

__all__ = ["native"]

MOST: Final = {"image": 9, "video": 3, "audio": 3}
MOST_REFERENCES: Final = 12
LARGEST_PICTURE: Final = 30_000_000
LARGEST_SOUND: Final = 15_000_000
_EXPANDS = "MiniMax-H3-Max"


def native(request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
    """Return the body of `POST /v2/video_generation`, media still unread."""
    content: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
    if request.first_frame is not None:
        content.append(_item("image", "first_frame", request.first_frame))
    if request.last_frame is not None:
        content.append(_item("image", "last_frame", request.last_frame))
    content += _references(request)
    body: dict[str, Any] = {"model": request.model, "content": content}
    body |= _picture(request)
    if request.duration is None:
        request.refuse("duration", f"{model.id} needs a duration in seconds")
    else:
        body["duration"] = whole_seconds(request.duration)
    _tell_frames(request, model)
    _tell_switch(request, model)
    return body | _options(request, model)


def _item(kind: str, role: str, source: MediaInput) -> dict[str, Any]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": source}, "role": role}


def _references(request: ResolvedRequest) -> list[dict[str, Any]]:
    given = [(kind_of(item), item) for item in request.references]
    given += [("audio", item) for item in _sounds(request)]
    for kind, most in MOST.items():
        count = sum(1 for found, _ in given if found == kind)
        if count > most:
            said = f"{count} {kind} references were given; at most {most} are taken"
            request.refuse("reference", said, allowed=f"at most {most}")
    if len(given) > MOST_REFERENCES:
        said = f"{len(given)} references were given; at most {MOST_REFERENCES} are taken"
        request.refuse("reference", said, allowed=f"at most {MOST_REFERENCES}")
    for kind, item in given:
        if kind == "image" and (size := _size(item)) > LARGEST_PICTURE:
            said = f"reference {item.label} has {size:,} bytes"
            allowed = f"at most {LARGEST_PICTURE:,}"
            request.refuse("reference", f"{said}; a picture has {allowed}", allowed=allowed)
    return [_item(kind, f"reference_{kind}", item) for kind, item in given]


def _size(item: MediaInput) -> int:
    if item.is_url:
        return 0
    try:
        return item.facts().size
    except (OSError, ValueError):
        return 0  # planning has told that it cannot be read


def _sounds(request: ResolvedRequest) -> Sequence[MediaInput]:
    sources = request.options.reference_audio
    name = "options.minimax.reference_audio"
    if not sources:
        return ()
    if not request.references:
        request.refuse(name, "sounds are taken with reference pictures or videos, never alone")
    found = [MediaInput(role="reference", source=source) for source in sources]
    for item in found:
        if problem := _wrong_sound(item):
            request.refuse(name, f"sound {item.label} {problem}", allowed="wav or mp3")
    return found


def _wrong_sound(item: MediaInput) -> str:
    """Return what is wrong with a sound; "" if nothing is."""
    if item.is_url:
        return ""
    try:
        if (size := item.facts().size) > LARGEST_SOUND:
            return f"has {size:,} bytes; at most {LARGEST_SOUND:,} are taken"
        return "" if sound_format(item.read()[:16]) else "is neither wav nor mp3"
    except (OSError, ValueError) as error:
        return f"cannot be read: {error}"


def _picture(request: ResolvedRequest) -> dict[str, Any]:
    """Return resolution and ratio; with a first or last frame the ratio is that frame's."""
    body: dict[str, Any] = {}
    if request.resolution is None:
        request.refuse("resolution", "a resolution is needed, such as 768P")
    else:
        body["resolution"] = request.resolution.upper()
    if request.first_frame is not None or request.last_frame is not None:
        body["ratio"] = "adaptive"
    elif request.aspect_ratio is not None:
        body["ratio"] = request.aspect_ratio
    else:
        request.refuse("aspect_ratio", "a ratio is needed, such as 16:9")
    return body


def _tell_frames(request: ResolvedRequest, model: ModelCapabilities) -> None:
    """Say that a number of frames cannot be had: whole seconds go in, 17n+5 frames come out."""
    asked = request.asked.num_frames
    if asked is not None and request.num_frames in {asked, None}:
        used = None if request.duration is None else f"{request.duration:g} s"
        why = f"{model.id} takes whole seconds and makes 17n+5 frames"
        request.adjust("num_frames", asked=asked, used=used, why=why)


def _tell_switch(request: ResolvedRequest, model: ModelCapabilities) -> None:
    asked = request.asked.enhance_prompt
    if asked is not None:
        why = f"{model.id} has no such switch that is documented"
        request.adjust("enhance_prompt", asked=asked, used=None, why=why)


def _options(request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
    options = request.options
    if options.camera:
        said = f"{model.id} has no camera tags; say the move in the prompt"
        request.refuse("options.minimax.camera", said)
    for name in ("fast_pretreatment", "aigc_watermark"):
        if getattr(options, name) is not None:
            request.refuse(f"options.minimax.{name}", f"{model.id} does not know {name}")
    mode = options.prompt_expansion_mode
    if mode is None:
        return {}
    if not model.id.startswith(_EXPANDS):
        name = "prompt_expansion_mode"
        request.refuse(f"options.minimax.{name}", f"{model.id} does not know {name}")
    request.warn("the values of prompt_expansion_mode are not documented; yours is sent")
    return {"prompt_expansion_mode": mode}
