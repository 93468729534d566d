"""What is asked: one frozen request, in the field's own units."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
    field_validator,
)

from ttv_core.errors import InvalidInputError
from ttv_core.inputs import MediaInput
from ttv_core.labels import parse_ratio, parse_size, quoted, reason_of, tier_pixels
from ttv_core.results import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WISHES", "MediaInput", "VideoRequest"]

# Far above what any model makes. What passes these is a mistake, and is told at once.
MAX_PROMPT = 100_000
MAX_EDGE = 16_384
MAX_SECONDS = 24 * 60 * 60
MAX_FRAMES = 10_000_000

WISHES = (
    "prompt",
    "negative_prompt",
    "model",
    "duration",
    "num_frames",
    "fps",
    "aspect_ratio",
    "resolution",
    "size",
    "seed",
    "audio",
    "n",
    "inputs",
    "enhance_prompt",
    "options",
)
"""The fields that are about the video. Each one that is set ends in a plan's native parameters,
its adjustments or its violations. The others are about handling: cost, output, bookkeeping."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SUGAR = {
    "image": "first_frame",
    "last_image": "last_frame",
    "reference_images": "reference",
    "source_video": "source_video",
}

Edges = tuple[int, int]


def _as_size(value: Any) -> Any:
    edges = parse_size(value) if isinstance(value, str) else value
    if isinstance(edges, tuple | list) and len(edges) == 2:
        width, height = edges
        if all(type(edge) is int and 1 <= edge <= MAX_EDGE for edge in edges):
            return width, height
    if edges is None:
        return None
    msg = f"width and height must be whole numbers of pixels, from 1 to {MAX_EDGE:,}"
    raise ValueError(msg)


def _as_decimal(value: Any) -> Any:
    # Through text: Decimal(0.1) would be 0.1000000000000000055.
    return Decimal(str(value)) if isinstance(value, float) else value


class VideoRequest(BaseModel):
    """A video that somebody wants.

    Unset fields are left to the model. A value that is set, `seed=0` and `audio=False` included,
    is never dropped or changed without telling.

    Attributes:
        prompt: What to show.
        negative_prompt: What to avoid.
        model: The engine's model id; the backend's default when left out.
        duration: Seconds. Give this or `num_frames`.
        num_frames: Frames.
        fps: Frames per second.
        aspect_ratio: "W:H", with or without `resolution`.
        resolution: Tier by its short edge: "480p" … "1080p", "2k", "4k".
        size: (width, height) in pixels, or "1280x720"; instead of the two above.
        seed: 0 or more.
        audio: Sound wanted or not; None is the model's default.
        n: How many videos.
        inputs: Pictures and videos to start from. `image=`, `last_image=`, `reference_images=`
            and `source_video=` are short for these.
        enhance_prompt: Whether the engine may rewrite the prompt.
        options: Backend name to that backend's own options.
        on_unsupported: "error" refuses what the model cannot do; "adjust" uses the nearest legal
            value and reports it.
        max_cost: US dollars; a plan above it is refused, and so is one of unknown price.
        allow_unknown_cost: Lets an unknown price pass `max_cost`.
        output: File or folder to write to; a name may hold `{backend}`, `{model}`, `{slug}`,
            `{seed}`, `{date}`, `{id}`.
        overwrite: Whether an existing file is replaced.
        sidecar: Whether a `.json` with the provenance is written beside the video.
        idempotency_key: The caller's own key for this request.
        tags: Free labels, kept with the job.

    Raises:
        InvalidInputError: If a value is not of its kind; `.violations` has one entry per field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    prompt: StrictStr = ""
    negative_prompt: StrictStr | None = None
    model: Annotated[StrictStr, Field(min_length=1, max_length=500)] | None = None
    duration: float | None = Field(
        default=None, gt=0, le=MAX_SECONDS, strict=True, allow_inf_nan=False
    )
    num_frames: int | None = Field(default=None, ge=1, le=MAX_FRAMES, strict=True)
    fps: float | None = Field(default=None, gt=0, le=1000, strict=True, allow_inf_nan=False)
    aspect_ratio: StrictStr | None = None
    resolution: StrictStr | None = None
    size: Annotated[Edges | None, BeforeValidator(_as_size)] = None
    seed: int | None = Field(default=None, ge=0, lt=2**64, strict=True)
    audio: StrictBool | None = None
    n: int | None = Field(default=None, ge=1, le=1000, strict=True)
    inputs: tuple[MediaInput, ...] = ()
    enhance_prompt: StrictBool | None = None
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    on_unsupported: Literal["error", "adjust"] = "error"
    max_cost: Annotated[Decimal | None, BeforeValidator(_as_decimal)] = Field(
        default=None, ge=0, allow_inf_nan=False
    )
    allow_unknown_cost: StrictBool = False
    output: Path | None = None
    overwrite: StrictBool = False
    sidecar: StrictBool = True
    idempotency_key: Annotated[StrictStr, Field(pattern=r"\A[!-~]{1,255}\z")] | None = None
    tags: dict[str, str] = Field(default_factory=dict)

    def __init__(self, **fields: Any) -> None:
        """Check the fields; see the class for their meaning."""
        found: list[Violation] = []
        given = _with_inputs(fields, found)
        try:
            super().__init__(**given)
        except ValidationError as error:
            found += [_violation(item, fields) for item in error.errors(include_url=False)]
        else:
            # A picture that could not be read is not a missing prompt.
            found = found or list(self._misfits())
        if found:
            raise InvalidInputError(violations=found)

    @field_validator("prompt", "negative_prompt")
    @classmethod
    def _is_text(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if len(value) > MAX_PROMPT:
            msg = f"is {len(value):,} characters long; no prompt may pass {MAX_PROMPT:,}"
            raise ValueError(msg)
        if found := _CONTROL.search(value):
            msg = (
                f"has the control character {found[0]!r} at position {found.start()}; "
                "only text, tabs and line breaks are allowed"
            )
            raise ValueError(msg)
        return value

    @field_validator("aspect_ratio")
    @classmethod
    def _is_ratio(cls, value: str | None) -> str | None:
        if value is not None:
            parse_ratio(value)
        return value

    @field_validator("resolution")
    @classmethod
    def _is_tier(cls, value: str | None) -> str | None:
        if value is None:
            return None
        tier_pixels(value)
        return value.lower()

    def _misfits(self) -> Iterator[Violation]:
        """Find fields that do not fit together, whatever the model."""
        if not self.prompt.strip() and not self.inputs:
            message = "prompt is empty; say what to show, or give an image"
            yield Violation("prompt", "missing", message)
        if self.duration is not None and self.num_frames is not None:
            message = "duration and num_frames both say how long the video is; give one of them"
            yield Violation("num_frames", "combination", message)
        if self.size is not None and (self.aspect_ratio or self.resolution):
            message = "size already says the ratio and the resolution; give it alone"
            yield Violation("size", "combination", message)
        for role in ("first_frame", "last_frame", "source_video"):
            if len(self.by_role(role)) > 1:
                yield Violation(role, "too_many", f"{role} is given more than once; give one")

    @property
    def wishes(self) -> tuple[str, ...]:
        """The fields about the video that the user set, in a fixed order.

        A prompt is always one; None and empty collections are not.
        """
        asked = self.model_fields_set
        empty: tuple[Any, ...] = (None, "", (), {})
        return tuple(f for f in WISHES if f in asked and getattr(self, f) not in empty)

    def by_role(self, role: str) -> tuple[MediaInput, ...]:
        """Return the inputs of one role, in the order given."""
        return tuple(item for item in self.inputs if item.role == role)

    def with_(self, **changes: Any) -> VideoRequest:
        """Return a copy with some fields changed, checked again.

        `image=` and its like replace the inputs of their role, and None takes them away.
        """
        kept = {name: getattr(self, name) for name in self.model_fields_set}
        roles = {role for name, role in _SUGAR.items() if name in changes}
        if roles and "inputs" not in changes:
            kept["inputs"] = tuple(item for item in self.inputs if item.role not in roles)
        return VideoRequest(**(kept | changes))


def _with_inputs(fields: dict[str, Any], found: list[Violation]) -> dict[str, Any]:
    """Return the fields with every picture and video under `inputs`."""
    if "inputs" not in fields and _SUGAR.keys().isdisjoint(fields):
        return fields
    rest = {name: value for name, value in fields.items() if name not in _SUGAR}
    given = fields.get("inputs", ())
    if not isinstance(given, list | tuple):
        message = f"inputs is {quoted(given)}; give a list of MediaInput"
        found.append(Violation("inputs", "invalid", message))
        given = ()
    wanted: list[tuple[str, str | None, Any]] = [("inputs", None, item) for item in given]
    for name, role in _SUGAR.items():
        value = fields.get(name)
        if role == "reference" and isinstance(value, list | tuple):
            wanted += [(name, role, item) for item in value]
        elif value is not None:
            wanted.append((name, role, value))
    read = []
    for name, as_role, item in wanted:
        try:
            read.append(_as_input(as_role, item))
        except InvalidInputError as error:
            messages = (f"{name}: {violation.message}" for violation in error.violations)
            found += [Violation(name, "invalid", message) for message in messages]
    return rest | {"inputs": tuple(read)}


def _as_input(role: str | None, item: Any) -> MediaInput:
    """Return an input as what it is given for: `role`, or its own where that is None."""
    if isinstance(item, MediaInput):
        return item if role in {None, item.role} else MediaInput(role=role, source=item.source)
    if role is not None:
        return MediaInput(role=role, source=item)
    if isinstance(item, Mapping) and item.keys() == {"role", "source"}:
        return MediaInput(**item)
    message = f"{quoted(item)} is no MediaInput(role=…, source=…)"
    raise InvalidInputError(violations=[Violation("inputs", "invalid", message)])


def _violation(item: Any, fields: Mapping[str, Any]) -> Violation:
    """Tell one pydantic error in our words: the field, the value, what is allowed."""
    place = [str(part)[:80] for part in item["loc"]]
    field = place[0]
    if item["type"] == "extra_forbidden":
        known = sorted({*VideoRequest.model_fields, *_SUGAR})
        near = difflib.get_close_matches(field, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known fields: {', '.join(known)}"
        return Violation(field, "unknown_field", f"unknown field {quoted(field)}; {hint}")
    reason = reason_of(item)
    reason = reason[:1].lower() + reason[1:]
    # Text and options are told without quoting them: they may be long, or secret.
    shown = field not in {"prompt", "negative_prompt"} and len(place) == 1
    said = f" is {quoted(fields.get(field))}" if shown else ""
    return Violation(field, "invalid", f"{'.'.join(place)}{said}: {reason}")
