"""The animatic as a ttv backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from ttv_animatic import camera, typography
from ttv_animatic.capabilities import CAPABILITIES
from ttv_animatic.film import Brief, render, storyboard
from ttv_animatic.settings import AnimaticOptions, AnimaticSettings
from ttv_animatic.stills import StillError, load_still
from ttv_core import InvalidInputError, LocalVideoGenerator, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from ttv_animatic.film import Frame
    from ttv_core import JobContext, MediaInput, ModelCapabilities, Plan, ResolvedRequest

__all__ = ["AnimaticGenerator"]


class AnimaticGenerator(LocalVideoGenerator):
    """Cuts a preview together from composed stills: no key, no GPU, no weights.

    From a prompt alone it draws storyboard frames, one shot a sentence. With an image it moves a
    camera over the picture; with a last image the move ends on that one exactly.
    """

    name = "animatic"
    Settings = AnimaticSettings
    Options = AnimaticOptions
    models = CAPABILITIES
    settings: AnimaticSettings
    pictures: ClassVar = {"first_frame": "image", "last_frame": "last_image"}

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the brief: what `film.Brief` takes, pictures still unread."""
        del model
        prompt, options = request.prompt, request.options
        try:
            camera.read_moves(prompt)
        except ValueError as error:
            request.refuse("prompt", str(error), allowed=", ".join(camera.MOVES))
        captions = self.settings.captions if options.captions is None else options.captions
        if captions and (missing := typography.missing_glyphs(prompt)):
            request.warn(f"no font on this machine has these characters: {missing[:40]}")
        brief: dict[str, Any] = {
            "prompt": prompt,
            "width": request.width,
            "height": request.height,
            "fps": request.fps,
            "num_frames": request.num_frames,
            "seed": 0 if request.seed is None else request.seed,
            "camera_moves": options.camera,
            "captions": captions,
        }
        pictures = {"image": request.first_frame, "last_image": request.last_frame}
        return brief | {name: source for name, source in pictures.items() if source is not None}

    def render(self, plan: Plan, context: JobContext) -> Iterator[Frame]:
        """Draw the frames of a plan one by one; see `LocalVideoGenerator.render`."""
        brief = dict(plan.native)
        for role, name in self.pictures.items():
            if name in brief:
                brief[name] = _still(role, brief[name])
        total = brief["num_frames"]
        for number, frame in enumerate(render(storyboard(Brief(**brief)))):
            context.progress(number, total)
            yield frame


def _still(role: str, item: MediaInput) -> Image.Image:
    """Decode a picture.

    Raises:
        InvalidInputError: If it is truncated or otherwise no picture.
    """
    source = item.source
    try:
        return load_still(cast("Any", source) if not isinstance(source, str) else item.read())
    except (StillError, OSError) as error:
        message = f"{role}: {error}"
        raise InvalidInputError(violations=[Violation(role, "unreadable", message)]) from error
