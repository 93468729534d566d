"""What goes into each field of a request's body: one small function for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_runway.media import option_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttv_core import ResolvedRequest
    from ttv_runway.forms import Form

__all__ = ["FIELDS"]

Body = dict[str, Any]


def _ratio(request: ResolvedRequest, form: Form) -> str | None:
    """Return pixels, a ratio, or a tier: a model takes one of the three under this name."""
    if request.width is not None:
        return f"{request.width}:{request.height}"
    if request.aspect_ratio is not None:
        return request.aspect_ratio
    if request.resolution is None or "resolution" in form.fields:
        return None
    return f"auto_{request.resolution}"


def _duration(request: ResolvedRequest, form: Form) -> int | str | None:
    seconds = request.duration
    if form.auto_duration and request.options.auto_duration:
        if request.asked.duration is not None:
            request.refuse("duration", "duration and auto_duration exclude each other")
        return "auto"
    if seconds is None:
        return None
    whole = max(round(seconds), 1)
    if whole != seconds:
        request.adjust("duration", asked=seconds, used=whole, why="whole seconds")
    return whole


def _frames(request: ResolvedRequest, form: Form) -> list[Body]:
    middle = request.options.middle_image if form.middle_frame else None
    frames = (
        ("first", request.first_frame),
        ("middle", middle and option_input("middle_image", middle, "image")),
        ("last", request.last_frame),
    )
    return [{"uri": item, "position": place} for place, item in frames if item is not None]


def _provider_settings(request: ResolvedRequest, form: Form) -> Body:
    options = request.options
    shots = [{"prompt": shot.prompt, "duration": shot.duration} for shot in options.shots]
    found = {"multiPrompt": shots or None, "shotType": options.shot_type}
    if form.endpoint == "video_to_video":
        found["keepOriginalSound"] = options.keep_original_sound
    return {name: value for name, value in found.items() if value is not None}


def _keyframes(request: ResolvedRequest, _: Form) -> list[Body]:
    found = []
    for frame in request.options.keyframes:
        body: Body = {"uri": option_input("keyframes", frame.image, "image")}
        body |= {"at": frame.at} if frame.seconds is None else {"seconds": frame.seconds}
        if frame.range is not None:
            start, end = frame.range
            body["range"] = {"startSeconds": start, "endSeconds": end}
        found.append(body)
    return found


def _moderation(request: ResolvedRequest, _: Form) -> Body | None:
    threshold = request.options.public_figure_threshold
    return None if threshold is None else {"publicFigureThreshold": threshold}


def _audio(request: ResolvedRequest, _: Form) -> bool | None:
    """Return a wish, and not what the model does by itself."""
    return None if request.asked.audio is None else request.audio


def _expansion(request: ResolvedRequest, _: Form) -> str | None:
    wanted = None if request.asked.enhance_prompt is None else request.enhance_prompt
    mode = request.options.prompt_expansion
    if mode is None:
        return None if wanted is None else "balanced" if wanted else "disabled"
    if wanted is not None and wanted is (mode == "disabled"):
        request.refuse("enhance_prompt", f"enhance_prompt is {wanted}, prompt_expansion is {mode}")
    return str(mode)


def _output_format(request: ResolvedRequest, form: Form) -> str | None:
    wanted: str | None = request.options.output_format
    if wanted is not None and form.output_formats and wanted not in form.output_formats:
        allowed = ", ".join(form.output_formats)
        said = f"{request.model} makes no {wanted}; allowed: {allowed}"
        request.refuse("options.runway.output_format", said, allowed=allowed)
    return wanted


def _videos(request: ResolvedRequest, form: Form) -> list[Body]:
    given = request.options.reference_videos
    items = [option_input("reference_videos", source, "video") for source in given]
    kind = {} if form.bare_videos else {"type": "video"}
    return [{**kind, "uri": item} for item in items]


def _sounds(request: ResolvedRequest, _: Form) -> list[Body]:
    given = request.options.reference_audio
    items = [option_input("reference_audio", source, "audio") for source in given]
    return [{"type": "audio", "uri": item} for item in items]


FIELDS: dict[str, Callable[[ResolvedRequest, Form], Any]] = {
    "promptText": lambda request, _: request.prompt or None,
    "promptImage": _frames,
    "promptVideo": lambda request, _: request.source_video,
    "videoUri": lambda request, _: request.source_video,
    "references": lambda request, _: [{"uri": item} for item in request.references],
    "referenceVideos": _videos,
    "referenceAudio": _sounds,
    "keyframes": _keyframes,
    "duration": _duration,
    "ratio": _ratio,
    "targetAspectRatio": lambda request, _: request.aspect_ratio,
    "resolution": lambda request, _: request.resolution,
    "seed": lambda request, _: request.seed,
    "audio": _audio,
    "negativePrompt": lambda request, _: request.negative_prompt,
    "promptExpansionMode": _expansion,
    "contentModeration": _moderation,
    "outputFormat": _output_format,
    "proresProfile": lambda request, _: request.options.prores_profile,
    "cfgScale": lambda request, _: request.options.cfg_scale,
    "providerSettings": _provider_settings,
    "mode": lambda request, _: request.options.video_mode,
    "draft": lambda request, _: request.options.draft,
    "draftTaskId": lambda request, _: request.options.draft_task_id,
}
"""The vendor's name of a field to what a request says for it; nothing for what it does not say."""
