"""The animatic itself: from a brief to a storyboard, from a storyboard to frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ttv_animatic import camera, mood, palette, script
from ttv_animatic.dice import generator
from ttv_animatic.shoot import Take

Frame = NDArray[np.uint8]

_SMALLEST: Final = 64
_LARGEST: Final = 4096
_DISSOLVE: Final = 8
_LONG_ENOUGH: Final = 30


@dataclass(frozen=True)
class Brief:
    """What to make.

    `width` and `height` are even pixels, 64 to 4096. `prompt` may be empty only
    when a picture is given. `camera_moves` are names from `camera.MOVES`; without
    any, the prompt is read for them.
    """

    prompt: str
    width: int
    height: int
    fps: float
    num_frames: int
    seed: int
    image: Image.Image | None = None
    last_image: Image.Image | None = None
    camera_moves: tuple[str, ...] = ()
    captions: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            ValueError: A field is out of range; the message names it.
        """
        for name, value in (("width", self.width), ("height", self.height)):
            if value % 2 or not _SMALLEST <= value <= _LARGEST:
                message = f"{name} must be even and {_SMALLEST}..{_LARGEST}, not {value}."
                raise ValueError(message)
        if self.fps <= 0 or self.num_frames < 1:
            message = f"fps and num_frames must be above 0, not {self.fps} and {self.num_frames}."
            raise ValueError(message)
        if not self.prompt.strip() and self.image is None and self.last_image is None:
            message = "prompt may be empty only when a picture is given."
            raise ValueError(message)


@dataclass(frozen=True)
class Shot:
    """One shot: frames `start` up to, not including, `end`.

    The first `dissolve` frames before `start` already show it, mixing in.
    """

    number: int
    text: str
    start: int
    end: int
    moves: tuple[str, ...]
    mood: mood.Mood
    palette: palette.Palette
    composition: str
    dissolve: int = 0


@dataclass(frozen=True)
class Storyboard:
    """The plan of a clip."""

    brief: Brief
    shots: tuple[Shot, ...]

    def summary(self) -> dict[str, object]:
        """Describe the plan in values that JSON can hold."""
        brief = self.brief
        return {
            "width": brief.width,
            "height": brief.height,
            "fps": brief.fps,
            "num_frames": brief.num_frames,
            "seed": brief.seed,
            "image": brief.image is not None,
            "last_image": brief.last_image is not None,
            "shots": [
                {
                    "number": shot.number,
                    "text": shot.text,
                    "start": shot.start,
                    "end": shot.end,
                    "composition": shot.composition,
                    "time": shot.mood.time,
                    "weather": shot.mood.weather,
                    "palette": list(shot.palette.swatches()),
                    "camera_moves": list(shot.moves),
                    "dissolve": shot.dissolve,
                }
                for shot in self.shots
            ],
        }

    def __str__(self) -> str:
        """Print one line per shot."""
        lines = []
        for shot in self.shots:
            moves = ", ".join(shot.moves)
            lines.append(
                f"{shot.number}/{len(self.shots)}  frames {shot.start}-{shot.end - 1}  "
                f"{shot.composition}, {shot.mood.time}  {moves}  {shorten(shot.text, 72)}".rstrip(),
            )
        return "\n".join(lines)


def storyboard(brief: Brief) -> Storyboard:
    """Plan a clip: its shots, their words, frames, colours and camera moves.

    Args:
        brief: What to make.

    Returns:
        The plan; equal briefs give equal plans.

    Raises:
        ValueError: A camera move is unknown.
    """
    asked = tuple(camera.canonical(name) for name in brief.camera_moves)
    texts = [brief.prompt]
    if brief.image is None:
        texts = script.shots(script.sentences(brief.prompt), brief.num_frames, brief.fps)
    usual = camera.DEFAULTS if brief.image is None else camera.STILL_DEFAULTS
    counts = script.share([camera.without_tags(text) for text in texts], brief.num_frames)
    shots: list[Shot] = []
    heard: mood.Mood | None = None
    start = 0
    for number, (text, count) in enumerate(zip(texts, counts, strict=True), 1):
        words = " ".join(camera.without_tags(text).split())
        heard = mood.read(words, heard)
        settled = heard.settle(brief.seed)
        heard = mood.replace_known(heard, time=settled.time)
        rng = generator(brief.seed, "shot", number, words)
        moves = asked or tuple(camera.read_moves(text)) or (str(rng.choice(usual)),)
        mixes = number > 1 and min(count, shots[-1].end - shots[-1].start) >= _LONG_ENOUGH
        shots.append(
            Shot(
                number,
                words,
                start,
                start + count,
                moves,
                settled,
                palette.make(settled, brief.seed),
                "picture" if brief.image is not None else settled.place or "abstract",
                _DISSOLVE if mixes and rng.random() < 0.4 else 0,
            ),
        )
        start += count
    return Storyboard(brief, tuple(shots))


def render(board: Storyboard) -> Iterator[Frame]:
    """Draw a clip frame by frame.

    Args:
        board: The plan.

    Yields:
        RGB frames, uint8, shape (height, width, 3), C-contiguous; as many as the
        brief asks for. One at a time: memory does not grow with the clip.
    """
    take: Take | None = None
    for index, shot in enumerate(board.shots):
        coming = board.shots[index + 1] if index + 1 < len(board.shots) else None
        take = take or Take(board, shot)
        following: Take | None = None
        for number in range(shot.start, shot.end):
            picture = take.picture(number)
            if coming and number >= coming.start - coming.dissolve:
                following = following or Take(board, coming)
                part = (number - coming.start + coming.dissolve + 1) / (coming.dissolve + 1)
                picture = Image.blend(picture, following.picture(number), part)
            yield np.array(picture)
        take = following
