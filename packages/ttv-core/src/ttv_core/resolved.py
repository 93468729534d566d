"""The request as a backend sees it: defaults filled in, legal values only, every read noted.

A backend turns this into its native parameters. A field that the user set and that nobody read is
a violation, so that a backend cannot drop a wish by forgetting it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from ttv_core.draft import Draft
    from ttv_core.inputs import MediaInput
    from ttv_core.request import VideoRequest

__all__ = ["ResolvedRequest"]

_FIELDS = (
    "mode",
    "model",
    "prompt",
    "negative_prompt",
    "duration",
    "num_frames",
    "fps",
    "width",
    "height",
    "aspect_ratio",
    "resolution",
    "seed",
    "audio",
    "n",
    "enhance_prompt",
    "first_frame",
    "last_frame",
    "references",
    "source_video",
    "options",
)

_CARRIED_BY: dict[str, tuple[tuple[str, ...], ...]] = {
    "size": (("width", "height"), ("aspect_ratio", "resolution")),
    "aspect_ratio": (("aspect_ratio",), ("width", "height")),
    "resolution": (("resolution",), ("width", "height")),
    "duration": (("duration",), ("num_frames",)),
    "num_frames": (("num_frames",), ("duration",)),
    "reference": (("references",),),
}
"""Which reads carry a wish; planning has already made the ways of saying it agree."""

_NOTHING: tuple[Any, ...] = (None, (), "")


class ResolvedRequest:
    """What a backend's `native` maps to its engine's parameters.

    Attributes:
        mode: "text_to_video", "image_to_video", …
        model: The engine's model id.
        prompt: What to show; "" only with an image.
        negative_prompt: What to avoid, or None.
        duration: Seconds, or None when the model decides.
        num_frames: Frames, or None when the frame rate is not known.
        fps: Frames per second, or None when the model decides.
        width: Pixels, or None when the engine takes a ratio or tier, or decides.
        height: Pixels, likewise.
        aspect_ratio: "W:H", or None.
        resolution: Tier such as "720p", or None.
        seed: The user's seed, or None.
        audio: Whether to make sound, or None for the model's default.
        n: How many videos.
        enhance_prompt: Whether the engine may rewrite the prompt, or None.
        first_frame: `MediaInput` or None.
        last_frame: `MediaInput` or None.
        references: `MediaInput`s, perhaps none.
        source_video: `MediaInput` or None.
        options: This backend's own options: an instance of its `Options`.
    """

    mode: str
    model: str
    prompt: str
    negative_prompt: str | None
    duration: float | None
    num_frames: int | None
    fps: float | None
    width: int | None
    height: int | None
    aspect_ratio: str | None
    resolution: str | None
    seed: int | None
    audio: bool | None
    n: int
    enhance_prompt: bool | None
    first_frame: MediaInput | None
    last_frame: MediaInput | None
    references: tuple[MediaInput, ...]
    source_video: MediaInput | None
    options: Any
    _draft: Draft

    def __init__(self, values: Mapping[str, Any], options: Any, draft: Draft) -> None:
        """Take the settled values; planning does this."""
        object.__setattr__(self, "_values", {**values, "options": _Noted(options)})
        object.__setattr__(self, "_read", set())
        object.__setattr__(self, "_draft", draft)

    def __getattribute__(self, name: str) -> Any:
        """Return a field and note that it was read."""
        if name not in _FIELDS:
            return object.__getattribute__(self, name)
        object.__getattribute__(self, "_read").add(name)
        return object.__getattribute__(self, "_values").get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a request is not changed, it is refused or adjusted."""
        msg = f"cannot set {name}; use refuse() or adjust()"
        raise AttributeError(msg)

    @property
    def asked(self) -> VideoRequest:
        """The request as the user made it; reading it notes nothing."""
        return self._draft.request

    def refuse(self, field: str, message: str, *, allowed: str = "") -> None:
        """Record that a wish cannot be served.

        Args:
            field: The field of the request.
            message: Why, quoting the value.
            allowed: What is allowed, in words.
        """
        self._draft.refuse(field, "unsupported", message, allowed)

    def adjust(self, field: str, *, asked: Any, used: Any, why: str) -> None:
        """Record that another value is used; a violation unless the user allowed adjusting.

        Args:
            field: The field of the request.
            asked: The user's value.
            used: The value used instead.
            why: What is allowed.
        """
        self._draft.exempt.add(field)
        self._draft.change(field, asked, used, why)

    def warn(self, message: str) -> None:
        """Record something that the user should know."""
        self._draft.warn(message)

    def add_cost(self, amount: Decimal | None, why: str) -> None:
        """Record what comes on top of the model's price, such as for an option.

        Args:
            amount: US dollars; None when it costs more and nobody can say how much.
            why: What it is for.
        """
        self._draft.extras.append((amount, why))

    def canonical(self) -> dict[str, Any]:
        """Return every field that has a value, under its own name.

        This is the native form of an engine that speaks our words, and the default of
        `VideoGenerator.native`.
        """
        found = {name: getattr(self, name) for name in _FIELDS}
        options = found.pop("options").read_all()
        return {name: value for name, value in found.items() if value not in _NOTHING} | (
            {"options": options} if options else {}
        )

    def unread(self) -> list[str]:
        """Return the wishes that no read carried: planning's own check.

        Reading a field that turns out to be None carries nothing.
        """
        draft = self._draft
        read = object.__getattribute__(self, "_read")
        values = object.__getattribute__(self, "_values")
        full = {name for name in _FIELDS if values.get(name) not in _NOTHING}

        def carried(wish: str) -> bool:
            ways = (full.intersection(way) for way in _CARRIED_BY.get(wish, ((wish,),)))
            return any(way and way <= read for way in ways)

        request = draft.request
        wishes = [name for name in request.wishes if name not in {"model", "inputs", "options"}]
        wishes += dict.fromkeys(item.role for item in request.inputs)
        missing = [wish for wish in wishes if wish not in draft.exempt and not carried(wish)]
        options = values["options"].unread()
        return missing + [f"options.{draft.backend}.{name}" for name in options]


class _Noted:
    """Options that note which of them were read."""

    def __init__(self, options: Any) -> None:
        self._options = options
        self._seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._options, name)
        self._seen |= self._set if name == "model_dump" else {name}
        return value

    @property
    def _set(self) -> set[str]:
        """The options that the user set."""
        return set(getattr(self._options, "model_fields_set", ()))

    def read_all(self) -> dict[str, Any]:
        """Return the options that were set, all of them counted as read."""
        self._seen |= self._set
        return {name: getattr(self._options, name) for name in sorted(self._set)}

    def unread(self) -> list[str]:
        """Return the options that were set and not read."""
        return sorted(self._set - self._seen)
