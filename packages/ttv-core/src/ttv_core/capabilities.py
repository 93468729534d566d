"""What a backend and its models can do, as data.

Support values may be "unknown": a vendor that does not say is quoted as not saying. Everything
here is frozen, comes from YAML or Python alike, and prints as JSON. The `models.yaml` that
`ttv new-backend` writes shows every field in its place.

```
Capabilities         a backend: its models, and what holds for all of them
ModelCapabilities    a model; each of its fields is one of these, or plain
  PromptLimit          prompt
  Numbers              durations, frames, fps, seed, n: choices, or a range with steps
  Canvas               canvas: sizes, a SizeRange, or ratios and tiers
  InputLimit           inputs, by role: first_frame, last_frame, reference, source_video
  Rule                 rules: what one value leaves of another
  Price                prices, the first that fits
  RemoteFacts          remote: the vendor's job
  Licence              licence, of weights
```

Example:
    >>> from ttv_core import Capabilities
    >>> acme = Capabilities.model_validate({
    ...     "backend": "acme",
    ...     "kind": "remote",
    ...     "models": [{
    ...         "id": "acme-1",
    ...         "modes": ["text_to_video"],
    ...         "prompt": {"maximum": 1000},
    ...         "durations": [4, 6, 8],
    ...         "fps": 24,
    ...         "canvas": {"aspect_ratios": ["16:9", "9:16"], "resolutions": ["720p", "1080p"]},
    ...         "rules": [{"when": {"resolution": ["1080p"]}, "then": {"duration": [8]},
    ...                    "why": "1080p is made at 8 s only"}],
    ...         "prices": [{"basis": "second", "amount": "0.10", "source": "acme.example/prices",
    ...                     "as_of": "2026-11-20"}],
    ...     }],
    ... })
    >>> acme.find("acme-1").durations.describe()
    '4, 6, 8'
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field, model_validator

from ttv_core.domains import Data, Numbers
from ttv_core.labels import parse_size, same_value
from ttv_core.rules import Price, Rule
from ttv_core.sizes import Canvas, Size, SizeRange

__all__ = [
    "Canvas",
    "Capabilities",
    "InputLimit",
    "Kind",
    "Licence",
    "Mode",
    "ModelCapabilities",
    "Numbers",
    "Price",
    "PromptLimit",
    "RemoteFacts",
    "Role",
    "Rule",
    "Size",
    "SizeRange",
    "Support",
    "Wish",
]

Kind = Literal["local", "remote", "preview"]
Mode = Literal[
    "text_to_video",
    "image_to_video",
    "first_last_frame",
    "reference_to_video",
    "video_to_video",
]
Role = Literal["first_frame", "last_frame", "reference", "source_video"]
Support = Literal["never", "optional", "always", "unknown"]
IMAGE_FORMATS = ("png", "jpeg", "webp")
_SAME_IN_EVERY_MODE = frozenset(
    {"id", "aliases", "status", "status_date", "successor", "modes", "provisional", "by_mode"}
)

Wish = (
    Role
    | Literal[
        "prompt",
        "negative_prompt",
        "duration",
        "num_frames",
        "fps",
        "aspect_ratio",
        "resolution",
        "size",
        "seed",
        "audio",
        "n",
        "enhance_prompt",
    ]
)
"""What a user may set about the video, as far as it may exclude or require something else."""


class PromptLimit(Data):
    """How long a prompt may be, in the vendor's own unit.

    Attributes:
        maximum: Longest prompt; None when the vendor does not say.
        unit: What is counted. Tokens can only be guessed here: such a limit only warns.
        required: Whether an empty prompt is refused even with an image.
    """

    maximum: int | None = None
    unit: Literal["characters", "utf16", "bytes", "words", "tokens"] = "characters"
    required: bool = True

    def count(self, text: str) -> int:
        """Return the length of the text in the unit (for tokens, a low guess)."""
        if self.unit == "characters":
            return len(text)
        if self.unit == "utf16":
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        if self.unit == "bytes":
            return len(text.encode("utf-8", "surrogatepass"))
        words = len(text.split())
        return words if self.unit == "words" else max(words, len(text) // 5)


class InputLimit(Data):
    """What may be given for one role.

    Attributes:
        maximum: How many of them.
        formats: Accepted formats; empty when the vendor does not say.
        max_bytes: Largest file.
        min_edge: Smallest edge in pixels.
        max_edge: Largest edge in pixels.
        max_pixels: Largest width times height.
        min_ratio: Smallest width divided by height.
        max_ratio: Largest width divided by height.
        urls: Whether the engine takes an https URL instead of the file.
    """

    maximum: int = 1
    formats: tuple[str, ...] = IMAGE_FORMATS
    max_bytes: int | None = None
    min_edge: int | None = None
    max_edge: int | None = None
    max_pixels: int | None = None
    min_ratio: float | None = None
    max_ratio: float | None = None
    urls: bool = False


class RemoteFacts(Data):
    """What a vendor's job does.

    Attributes:
        progress: Whether polls tell a fraction.
        cancel: Whether a job can be cancelled, be it only while it is queued. This is told to
            people; what is done goes by `SubmitSemantics.cancel`.
        url_lifetime: Seconds a result link lives; None when the vendor does not say.
        concurrency: Jobs at once; None when the vendor does not say.
        per_minute: Creates a minute; None when the vendor does not say.
    """

    progress: bool | Literal["unknown"] = "unknown"
    cancel: bool | Literal["unknown"] = "unknown"
    url_lifetime: float | None = None
    concurrency: int | None = None
    per_minute: int | None = None


class Licence(Data):
    """On what terms the weights of a model may be used.

    Attributes:
        name: Its name, or its SPDX identifier.
        url: Where it is written.
        excluded: Territories in which it does not apply, so that nobody may use the model there.
        terms: What else its users must know.
        as_of: The day it was read.
    """

    name: str
    url: str = ""
    excluded: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    as_of: dt.date | None = None

    def describe(self) -> str:
        """Say it in one line."""
        parts = [self.name]
        if self.excluded:
            parts.append(f"does not apply in {', '.join(self.excluded)}")
        return "; ".join((*parts, *self.terms, *([self.url] if self.url else [])))


class ModelCapabilities(Data):
    """One model: what may be asked of it, and what comes out.

    Attributes:
        id: The engine's own name.
        aliases: Other names it answers to.
        status: "retired" models are refused, with the successor named.
        status_date: When the status began or begins.
        successor: The model to use instead.
        summary: One line for people.
        modes: What it can make from what.
        prompt: Limit of the prompt.
        negative_prompt: Whether it takes one.
        durations: Legal seconds; None when the engine takes frames, or when it is unknown.
        frames: Legal frame counts, where the engine takes these.
        fps: Legal frame rates; None when unknown.
        canvas: Legal sizes, ratios and tiers.
        inputs: Limits per role; a role that is not listed is not taken.
        lone_last_frame: Whether a last frame may come without a first.
        seed: Legal seeds; None when it takes none.
        seed_unknown: The vendor does not say whether it takes a seed.
        audio: Whether the video has sound.
        n: How many videos one request makes.
        enhance_prompt: Whether the engine rewrites prompts, and whether that can be chosen.
        rules: Combination rules.
        excludes: Groups of which only one field may be set.
        requires: Field to the fields that must be set with it.
        remote: Facts about the vendor's job.
        prices: The first whose `when` matches holds; none means unknown.
        licence: The terms of its weights, where it runs on one's own machine.
        notes: Facts for people: limits, where the data is from.
        provisional: The model is not in the table; nothing is known of it.
        by_mode: Mode to the fields that are other in it, such as the sizes of `image_to_video`;
            each replaces the model's own.
    """

    id: str
    aliases: tuple[str, ...] = ()
    status: Literal["ga", "preview", "deprecated", "retired"] = "ga"
    status_date: dt.date | None = None
    successor: str | None = None
    summary: str = ""
    modes: tuple[Mode, ...] = Field(default=("text_to_video",), min_length=1)
    prompt: PromptLimit = PromptLimit()
    negative_prompt: bool | Literal["unknown"] = False
    durations: Numbers | None = None
    frames: Numbers | None = None
    fps: Numbers | None = None
    canvas: Canvas = Canvas()
    inputs: dict[Role, InputLimit] = Field(default_factory=dict)
    lone_last_frame: bool = False
    seed: Numbers | None = None
    seed_unknown: bool = False
    audio: Support = "never"
    n: Numbers = Numbers(choices=(1,), default=1)
    enhance_prompt: Support = "never"
    rules: tuple[Rule, ...] = ()
    excludes: tuple[tuple[Wish, ...], ...] = ()
    requires: dict[Wish, tuple[Wish, ...]] = Field(default_factory=dict)
    remote: RemoteFacts | None = None
    prices: tuple[Price, ...] = ()
    licence: Licence | None = None
    notes: tuple[str, ...] = ()
    provisional: bool = False
    by_mode: dict[Mode, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> ModelCapabilities:
        for mode, changes in self.by_mode.items():
            if mode not in self.modes or changes.keys() & _SAME_IN_EVERY_MODE:
                msg = f"{self.id}: by_mode has {mode} with {', '.join(changes)}; that cannot be"
                raise ValueError(msg)
            self.in_mode(mode)
        if self.durations is not None and self.frames is not None:
            msg = f"{self.id}: give durations or frames, whichever the engine takes"
            raise ValueError(msg)
        for name, numbers, least in (
            ("frames", self.frames, 1),
            ("n", self.n, 1),
            ("seed", self.seed, 0),
        ):
            if numbers is None:
                continue
            if not numbers.is_whole or numbers.nearest(-1) < least:
                msg = f"{self.id}: {name} must be whole and at least {least}: {numbers.describe()}"
                raise ValueError(msg)
        for rule in self.rules:
            for field, values in rule.then.items():
                wrong = [value for value in values if not self._legal(field, value)]
                if wrong or not values:
                    said = ", ".join(map(str, wrong)) or "nothing"
                    msg = f"{self.id}: a rule allows {field} {said}, which is never legal"
                    raise ValueError(msg)
        return self

    def in_mode(self, mode: Mode) -> ModelCapabilities:
        """Return what it can do in one mode."""
        changes = self.by_mode.get(mode)
        if not changes:
            return self
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return ModelCapabilities.model_validate(own | changes | {"by_mode": {}})

    def _legal(self, field: str, value: Any) -> bool:
        """Tell whether a value is legal without any rule, as far as that is known."""
        canvas = self.canvas
        if field in {"aspect_ratio", "resolution"} and canvas.form == "labels":
            legal = canvas.resolutions if field == "resolution" else canvas.aspect_ratios
            return any(same_value(field, value, label) for label in legal)
        if field == "size" and canvas.form in {"sizes", "range"}:
            width, height = parse_size(value)
            return canvas.has(Size(width=width, height=height))
        if field == "duration" and self.frames is not None:
            return False
        numbers = {
            "duration": self.durations,
            "num_frames": self.frames,
            "fps": self.fps,
            "n": self.n,
        }.get(field)
        return numbers is None or numbers.allows(value)

    @property
    def max_duration(self) -> float | None:
        """Longest video in seconds; None when unknown or without limit."""
        if self.durations is not None:
            return _most(self.durations)
        if self.frames is not None and self.fps is not None:
            most = _most(self.frames)
            slowest = min(self.fps.choices, default=self.fps.minimum)
            return most / slowest if most is not None and slowest else None
        return None


def _most(numbers: Numbers) -> float | None:
    most = max(numbers.choices, default=numbers.maximum)
    return None if most is None else numbers.nearest(most)


class Capabilities(Data):
    """A backend and its models.

    Attributes:
        backend: Name of the backend.
        kind: "local" runs here, "remote" at a vendor, "preview" is no generated video.
        models: At least one.
        default_model: The id used when none is asked for; the first in use when left out.
        unknown_models: Whether a model id that is not listed is tried, with a warning.
        requires_gpu: Whether it runs on a GPU only.
        formats: Container formats it writes.
        notes: Facts for people about the whole backend.
    """

    backend: str
    kind: Kind
    models: tuple[ModelCapabilities, ...] = Field(min_length=1)
    default_model: str | None = None
    unknown_models: bool = False
    requires_gpu: bool = False
    formats: tuple[str, ...] = ("mp4",)
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _default_is_listed(self) -> Capabilities:
        if self.default_model is not None and self.find(self.default_model) is None:
            listed = ", ".join(model.id for model in self.models)
            msg = f"default_model {self.default_model!r} is not one of: {listed}"
            raise ValueError(msg)
        return self

    @property
    def default(self) -> ModelCapabilities:
        """The model used when none is asked for."""
        found = self.find(self.default_model) if self.default_model else None
        in_use = (model for model in self.models if model.status != "retired")
        return found or next(in_use, self.models[0])

    def find(self, name: str) -> ModelCapabilities | None:
        """Return the model of that id or alias, or None."""
        for model in self.models:
            if name == model.id or name in model.aliases:
                return model
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data, with the summary keys of the five-method contract."""
        modes = {mode for model in self.models for mode in model.modes}
        durations = [model.max_duration for model in self.models]
        sizes = dict.fromkeys(
            label
            for model in self.models
            for label in (
                *model.canvas.resolutions,
                *(str(size) for size in model.canvas.sizes),
            )
        )
        known = [duration for duration in durations if duration is not None]
        return {
            "backend": self.backend,
            "kind": self.kind,
            "default_model": self.default.id,
            "max_duration": max(known) if known else None,
            "supported_resolutions": list(sizes),
            "supported_formats": list(self.formats),
            "supports_text_to_video": "text_to_video" in modes,
            "supports_image_to_video": "image_to_video" in modes,
            "requires_gpu": self.requires_gpu,
            "api_based": self.kind == "remote",
            "notes": list(self.notes),
            "models": [model.model_dump(mode="json") for model in self.models],
        }
