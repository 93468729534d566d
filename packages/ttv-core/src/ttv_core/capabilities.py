"""What a backend and its models can do, as data.

Support values may be "unknown": a vendor that does not say is quoted as not saying. Everything
here is frozen, comes from YAML or Python alike, and prints as JSON.

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
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field, model_validator

from ttv_core.domains import Canvas, Data, Numbers, Size, SizeRange

__all__ = [
    "Canvas",
    "Capabilities",
    "InputLimit",
    "Kind",
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


class PromptLimit(Data):
    """How long a prompt may be, in the vendor's own unit.

    Attributes:
        maximum: Longest prompt; None when the vendor does not say.
        unit: What is counted. Tokens cannot be counted here: such a limit only warns.
        required: Whether an empty prompt is refused even with an image.
    """

    maximum: int | None = None
    unit: Literal["characters", "utf16", "bytes", "words", "tokens"] = "characters"
    required: bool = True

    def count(self, text: str) -> int:
        """Return the length of the text in the unit (for tokens, a low guess: words)."""
        if self.unit == "characters":
            return len(text)
        if self.unit == "utf16":
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        if self.unit == "bytes":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.split())


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


class Rule(Data):
    """A combination rule: when these fields have these values, those are narrowed.

    `when` may name `mode`, `audio`, `resolution`, `aspect_ratio`, `size`, `fps`, `duration`;
    every named field must match. `then` narrows `duration`, `fps`, `num_frames`, `resolution`,
    `aspect_ratio`, `size` or `n` to a list. Fields are settled in the order mode, audio, size,
    fps, duration, n; a rule narrows what is settled after its `when`, and refuses what is not.

    Attributes:
        when: Field to the values that make the rule apply.
        then: Field to the values that are legal then.
        why: The reason shown to the user.
    """

    when: dict[str, tuple[Any, ...]]
    then: dict[str, tuple[Any, ...]]
    why: str = ""

    def applies(self, settled: dict[str, Any]) -> bool:
        """Tell whether every field of `when` has one of its values."""
        return all(settled.get(field) in values for field, values in self.when.items())


class Price(Data):
    """What a generation costs, with where that is written and when it was read.

    Attributes:
        basis: What the amount is for. "free" and "unknown" need no amount.
        amount: In the currency, per unit of the basis.
        minimum: Least charge of one video.
        currency: ISO code.
        when: Field to the values for which this price holds; empty for always.
        source: Page or file.
        as_of: The day it was read.
    """

    basis: Literal["second", "video", "free", "unknown"]
    amount: Decimal | None = Field(default=None, ge=0)
    minimum: Decimal | None = Field(default=None, ge=0)
    currency: str = "USD"
    when: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    source: str = ""
    as_of: dt.date | None = None

    @model_validator(mode="after")
    def _amount_fits_basis(self) -> Price:
        if (self.basis in {"second", "video"}) != (self.amount is not None):
            msg = f"a price per {self.basis} needs an amount; 'free' and 'unknown' take none"
            raise ValueError(msg)
        return self


class RemoteFacts(Data):
    """What a vendor's job does.

    Attributes:
        progress: Whether polls tell a fraction.
        cancel: Whether a running job can be cancelled.
        url_lifetime: Seconds a result link lives; None when the vendor does not say.
        concurrency: Jobs at once; None when the vendor does not say.
    """

    progress: bool | Literal["unknown"] = "unknown"
    cancel: bool | Literal["unknown"] = "unknown"
    url_lifetime: float | None = None
    concurrency: int | None = None


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
        durations: Legal seconds; None when the length is given in frames or unknown.
        frames: Legal frame counts; None when only seconds are given.
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
        notes: Facts for people: licence, limits, where the data is from.
        provisional: The model is not in the table; nothing is known of it.
    """

    id: str
    aliases: tuple[str, ...] = ()
    status: Literal["ga", "preview", "deprecated", "retired"] = "ga"
    status_date: dt.date | None = None
    successor: str | None = None
    summary: str = ""
    modes: tuple[Mode, ...] = ("text_to_video",)
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
    excludes: tuple[tuple[str, ...], ...] = ()
    requires: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    remote: RemoteFacts | None = None
    prices: tuple[Price, ...] = ()
    notes: tuple[str, ...] = ()
    provisional: bool = False

    @property
    def max_duration(self) -> float | None:
        """Longest video in seconds; None when unknown or without limit."""
        if self.durations is not None:
            return max(self.durations.choices, default=self.durations.maximum)
        if self.frames is not None and self.fps is not None:
            most = max(self.frames.choices, default=self.frames.maximum)
            slowest = min(self.fps.choices, default=self.fps.minimum)
            return most / slowest if most is not None and slowest else None
        return None


class Capabilities(Data):
    """A backend and its models.

    Attributes:
        backend: Name of the backend.
        kind: "local" runs here, "remote" at a vendor, "preview" is no generated video.
        models: At least one.
        default_model: The id used when none is asked for; the first when left out.
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

    @property
    def default(self) -> ModelCapabilities:
        """The model used when none is asked for."""
        found = self.find(self.default_model) if self.default_model else None
        return found or self.models[0]

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
            "models": [
                model.model_dump(mode="json", exclude_defaults=True) | {"id": model.id}
                for model in self.models
            ],
        }
