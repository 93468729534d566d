"""From a request to the body that is sent: the model's own fields, and no other.

What the model has no field for is told: as a violation, or as an adjustment where the user allows
that. Nothing is left out in silence.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ttv_runway.fields import FIELDS
from ttv_runway.forms import endpoint_of, form_of
from ttv_runway.media import check_url

if TYPE_CHECKING:
    from ttv_core import ModelCapabilities, ResolvedRequest
    from ttv_runway.forms import Form
    from ttv_runway.settings import RunwaySettings

__all__ = ["CREDIT", "body_of"]

CREDIT = Decimal("0.01")
"""US dollars (docs.dev.runwayml.com/guides/pricing)."""
_FORMAT_CREDITS: dict[str, Any] = {"prores": 5, "mov": None}
_DEEP_CREDITS, _LARGE_CREDITS, _LARGE_PIXELS = 20, 40, 4_000_000
_CARRIERS: dict[str, tuple[str, ...]] = {
    "audio": ("audio",),
    "enhance_prompt": ("promptExpansionMode",),
    "fps": (),
    "duration": ("duration",),
    "size": ("ratio",),
    "aspect_ratio": ("ratio", "targetAspectRatio"),
    "resolution": ("ratio", "resolution"),
    "seed": ("seed",),
    "negative_prompt": ("negativePrompt",),
}
"""Wishes to the fields that can say them, as far as planning itself does not know whether they
can be said."""


def body_of(
    request: ResolvedRequest, model: ModelCapabilities, settings: RunwaySettings
) -> dict[str, Any]:
    """Return the body of the request, with inputs in place of the links that they become.

    Args:
        request: What is asked, with legal values.
        model: The model's data.
        settings: Defaults and limits of the configuration.
    """
    form = form_of(model.id, endpoint_of(request.asked))
    _check_inputs(request)
    if settings.motion_amount is not None:
        request.warn("motion_amount is set, but no current Runway model has it; it is not sent")
    if "draftTaskId" in form.fields and request.options.draft_task_id:
        return _of_draft(request)
    kept = _kept_by_mode(request, form)
    body: dict[str, Any] = {"model": request.model}
    for name in form.fields:
        value = None if name in kept else FIELDS[name](request, form)
        if value is not None and value not in ([], {}):
            body[name] = value
    if "duration" in kept:
        body["duration"] = "auto"
    if settings.seed is not None and "seed" in form.fields and "seed" not in body:
        body["seed"] = settings.seed
    _tell_left_out(request, model, form)
    _check_body(request, model, form, body, settings)
    _add_costs(request, form, body)
    return body


def _check_inputs(request: ResolvedRequest) -> None:
    for item in request.asked.inputs:
        if problem := check_url(item):
            request.refuse(item.role, f"{item.role} {item.label}: {problem}")


def _of_draft(request: ResolvedRequest) -> dict[str, Any]:
    """Return the body that finishes a draft: it names the draft and nothing else."""
    for wish in request.asked.wishes:
        if wish == "inputs":
            request.refuse(wish, "a draft is finished with its own inputs")
        elif wish not in {"model", "options"}:
            asked = getattr(request.asked, wish)
            why = "a draft is finished with its own prompt and settings"
            request.adjust(wish, asked=asked, used=None, why=why)
    request.add_cost(None, "finishing a draft")
    return {"model": request.model, "draftTaskId": request.options.draft_task_id}


def _kept_by_mode(request: ResolvedRequest, form: Form) -> set[str]:
    """Return the fields that are not the user's to choose in this mode of a video given."""
    mode = request.options.video_mode if "mode" in form.fields else None
    kept: set[str] = set()
    if mode in form.keeps_shape:
        kept.add("ratio")
        _drop(request, ("size", "aspect_ratio", "resolution"), f"{mode} keeps the video's shape")
        if not request.asked.prompt.strip():
            request.refuse("prompt", f"{mode} needs a prompt")
    if mode in form.keeps_length:
        kept.add("duration")
        _drop(request, ("duration", "num_frames"), f"{mode} keeps the video's length")
    return kept


def _drop(request: ResolvedRequest, wishes: tuple[str, ...], why: str) -> None:
    for wish in wishes:
        asked = getattr(request.asked, wish)
        if asked is not None:
            request.adjust(wish, asked=asked, used=None, why=why)


def _tell_left_out(request: ResolvedRequest, model: ModelCapabilities, form: Form) -> None:
    """Tell what this request has no field for, where planning could not know it."""
    fixed = {name for name in ("audio", "enhance_prompt") if getattr(model, name) in _FIXED}
    if model.fps is not None:
        fixed.add("fps")
    here = form.endpoint.replace("_", " ")
    for wish in request.asked.wishes:
        carriers = _CARRIERS.get(wish)
        if carriers is None or wish in fixed or not {*carriers}.isdisjoint(form.fields):
            continue
        value = request.width if wish == "size" else getattr(request, wish)
        if value is not None:
            _drop(request, (wish,), f"{model.id} takes no {wish} in {here}")
    if request.asked.num_frames is not None and request.duration is None:
        _drop(request, ("num_frames",), f"{model.id} takes seconds; give duration")


_FIXED = frozenset({"never", "always"})
_WISH_OF = {"promptText": "prompt", "promptImage": "first_frame", "ratio": "size"}


def _check_body(
    request: ResolvedRequest,
    model: ModelCapabilities,
    form: Form,
    body: dict[str, Any],
    settings: RunwaySettings,
) -> None:
    for name in form.required:
        if name not in body and not (name == "promptText" and model.prompt.required):
            wish = _WISH_OF.get(name, name)
            request.refuse(wish, f"{model.id} needs {wish} in {form.endpoint.replace('_', ' ')}")
    seconds, most = body.get("duration"), settings.max_duration
    if most is not None and isinstance(seconds, int) and seconds > most:
        said = f"{seconds} s is over max_duration of the configuration, {most:g} s"
        request.refuse("duration", said, allowed=f"at most {most:g} s")
    images = len(body.get("promptImage", ())) + len(body.get("references", ()))
    if form.most_images is not None and images > form.most_images:
        said = f"{images} pictures were given; {model.id} takes {form.most_images} in all"
        request.refuse("reference", said, allowed=f"at most {form.most_images}")


def _add_costs(request: ResolvedRequest, form: Form, body: dict[str, Any]) -> None:
    """Say what comes on top of the price by the second."""
    if form.bills_reference_videos and "referenceVideos" in body:
        request.add_cost(None, "the seconds of the reference videos")
    if body.get("draft"):
        request.add_cost(None, "as a draft, which costs less")
    wanted = body.get("outputFormat", "mp4")
    if wanted == "mp4":
        return
    large = (request.width or 0) * (request.height or 0) > _LARGE_PIXELS
    each = _FORMAT_CREDITS.get(wanted, _LARGE_CREDITS if large else _DEEP_CREDITS)
    seconds = body.get("duration")
    known = each is not None and isinstance(seconds, int)
    request.add_cost(each * seconds * CREDIT if known else None, f"for {wanted}")
    if wanted in {"mov", "prores", "hdr_prores", "hdr_pq_12bit_master"}:
        request.warn(f"{wanted} is a .mov file, whatever its name says")
