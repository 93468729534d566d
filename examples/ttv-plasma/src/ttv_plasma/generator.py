"""Plasma as a ttv backend."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from ttv_core import LocalVideoGenerator, models_from

from ttv_plasma.settings import PlasmaOptions, PlasmaSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from ttv_core import JobContext, ModelCapabilities, Plan, ResolvedRequest

# Hues in turns of the colour circle, by the words that stand for them.
_HUES: Final = {
    "fire": 0.02, "dawn": 0.05, "desert": 0.1, "gold": 0.13, "forest": 0.33, "sea": 0.52,
    "ice": 0.55, "night": 0.66, "storm": 0.7, "dream": 0.8, "rose": 0.95,
}  # fmt: skip


class PlasmaGenerator(LocalVideoGenerator):
    """Lets waves of colour meet."""

    name = "plasma"
    Settings = PlasmaSettings
    Options = PlasmaOptions
    models = models_from(files(__package__) / "models.yaml")
    settings: PlasmaSettings

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return what `render` takes."""
        del model
        waves = request.options.waves
        return {
            "prompt": request.prompt,
            "width": request.width,
            "height": request.height,
            "num_frames": request.num_frames,
            "fps": request.fps,
            "seed": 0 if request.seed is None else request.seed,
            "waves": self.settings.waves if waves is None else waves,
            "loop": request.options.loop,
        }

    def render(self, plan: Plan, context: JobContext) -> Iterator[NDArray[np.uint8]]:
        """Add the waves up for each frame, and colour what comes of it."""
        import numpy as np

        want = plan.native
        dice = np.random.default_rng(want["seed"])
        long = max(want["width"], want["height"])
        x = np.arange(want["width"], dtype=np.float32)[None, :] / long
        y = np.arange(want["height"], dtype=np.float32)[:, None] / long
        paths = dice.uniform(-3, 3, (want["waves"], 2)).astype(np.float32)
        places = [along * x + across * y for along, across in paths]
        speeds = dice.uniform(0.1, 0.5, want["waves"])
        seconds = want["num_frames"] / want["fps"]
        if want["loop"]:  # each wave comes round a whole number of times
            speeds = np.maximum(np.round(speeds * seconds), 1) / seconds
        hues = np.array(_hues(want["prompt"]), np.float32)
        for number in range(want["num_frames"]):
            context.progress(number, want["num_frames"])
            turns = number / want["fps"] * speeds
            height = sum(np.sin(2 * np.pi * (p + t)) for p, t in zip(places, turns, strict=True))
            yield _coloured(height / want["waves"], hues)


def _hues(prompt: str) -> list[float]:
    """Return the two hues of a prompt: those of its words, otherwise those of its letters."""
    found = [hue for word, hue in _HUES.items() if word in prompt.casefold()]
    made = sum(prompt.encode()) % 360 / 360
    return [*found, made, (made + 0.2) % 1][:2]


def _coloured(height: NDArray[np.float32], hues: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return heights from -1 to 1 as colours between two hues, brighter where they are higher."""
    import numpy as np

    blend = (height[..., None] + 1) / 2
    hue = hues[0] + (hues[1] - hues[0]) * blend
    wheel = 0.5 + 0.5 * np.cos(2 * np.pi * (hue + np.array([0, 2 / 3, 1 / 3], np.float32)))
    found: NDArray[np.uint8] = np.rint(255 * wheel * (0.25 + 0.75 * blend)).astype(np.uint8)
    return found
