"""The smallest request of every model in every mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttv_core.testing.conformance.base import Conformance
from ttv_core.testing.conformance.material import film, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core.capabilities import Mode, ModelCapabilities
    from ttv_core.interface import VideoGenerator

__all__ = ["Asked", "Asking"]

_GIVEN: dict[Mode, tuple[str, ...]] = {
    "text_to_video": (),
    "image_to_video": ("image",),
    "first_last_frame": ("image", "last_image"),
    "reference_to_video": ("reference_images",),
    "video_to_video": ("source_video",),
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

    def inputs(self, mode: Mode, level: int = 90) -> dict[str, Any]:
        """Return pictures or a video for a mode.

        Args:
            mode: What is made from what.
            level: Another level gives other pictures.
        """
        given: dict[str, Any] = {
            "image": picture(level),
            "last_image": picture(level + 1),
            "reference_images": [picture(level)],
            "source_video": film(),
        }
        return {name: given[name] for name in _GIVEN[mode]}

    def fields(self, model: ModelCapabilities, mode: Mode) -> dict[str, Any]:
        """Return the fields of the smallest request of a model in a mode."""
        named = {} if self.five_methods else {"model": model.id}
        return {"prompt": "a red fox", **named, **self.inputs(mode)}

    def every(self, backend: VideoGenerator) -> Iterator[Asked]:
        """Return every model that is in use, in every mode that it has."""
        for model in backend.capabilities.models:
            if model.status != "retired":
                for mode in model.modes:
                    yield Asked(model.in_mode(mode), mode, self.fields(model, mode))
