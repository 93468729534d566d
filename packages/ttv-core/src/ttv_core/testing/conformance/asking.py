"""The smallest request of every model in every mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttv_core.testing.conformance.base import Conformance
from ttv_core.testing.conformance.material import film, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core.capabilities import Mode, ModelCapabilities, Role
    from ttv_core.interface import VideoGenerator

__all__ = ["Asked", "Asking"]

_NEEDED: dict[Mode, tuple[Role, ...]] = {
    "text_to_video": (),
    "image_to_video": ("first_frame",),
    "first_last_frame": ("first_frame", "last_frame"),
    "reference_to_video": ("reference",),
    "video_to_video": ("source_video",),
}
_FIELDS: dict[Role, str] = {
    "first_frame": "image",
    "last_frame": "last_image",
    "reference": "reference_images",
    "source_video": "source_video",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A model in one mode, and the fields that ask for it.

    Attributes:
        model: What it can do in that mode.
        mode: The mode.
        fields: Of the smallest request.
    """

    model: ModelCapabilities
    mode: Mode
    fields: dict[str, Any]

    def __str__(self) -> str:
        """Name the two."""
        return f"{self.model.id} in {self.mode}"


class Asking(Conformance):
    """Knows how to ask every model for every mode; override what your models need more."""

    def inputs(self, model: ModelCapabilities, mode: Mode, level: int = 90) -> dict[str, Any]:
        """Return the pictures or the video that a model needs in a mode.

        Args:
            model: What it can do in that mode; the pictures are JPEG if it takes no PNG.
            mode: What is made from what.
            level: Another level gives other pictures.
        """
        needed = list(_NEEDED[mode])
        needed += [other for role in _NEEDED[mode] for other in _also(model, role)]
        jpeg = _takes_no_png(model)
        given: dict[str, Any] = {
            "image": picture(level, jpeg=jpeg),
            "last_image": picture(level + 1, jpeg=jpeg),
            "reference_images": [picture(level, jpeg=jpeg)],
            "source_video": film(level),
        }
        return {_FIELDS[role]: given[_FIELDS[role]] for role in needed}

    def fields(self, model: ModelCapabilities, mode: Mode) -> dict[str, Any]:
        """Return the fields of the smallest request of a model in a mode."""
        named = {} if self.five_methods else {"model": model.id}
        return {"prompt": "a red fox", **named, **self.inputs(model, mode)}

    def every(self, backend: VideoGenerator) -> Iterator[Asked]:
        """Return every model that is in use, in every mode that it has."""
        for model in backend.capabilities.models:
            if model.status != "retired":
                for mode in model.modes:
                    able = model.in_mode(mode)
                    yield Asked(able, mode, self.fields(able, mode))


def _also(model: ModelCapabilities, role: Role) -> Iterator[Role]:
    """Return the inputs that a model wants beside another."""
    needed = model.requires.get(role, ())
    return (other for other in _FIELDS if other in needed)


def _takes_no_png(model: ModelCapabilities) -> bool:
    """Tell whether its inputs are listed, and PNG is none of what they may be."""
    pictures = [limit.formats for role, limit in model.inputs.items() if role != "source_video"]
    return any(formats and "png" not in formats for formats in pictures)
