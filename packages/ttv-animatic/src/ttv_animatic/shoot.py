"""Shooting one shot of a storyboard: its scene, its type and its slate together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image

from ttv_animatic import stills
from ttv_animatic.camera import Path
from ttv_animatic.layers import View
from ttv_animatic.lettering import Lettering
from ttv_animatic.scene import Composed, Pictured, Scene
from ttv_animatic.slate import SMALLEST, Slate
from ttv_animatic.typesetting import set_type
from ttv_animatic.typography import drawable

if TYPE_CHECKING:
    from ttv_animatic.film import Shot, Storyboard

_PAGE_SECONDS: Final = 1.2
_CAPTION_PART: Final = 0.72
_CAPTION_PART_BEFORE_END: Final = 0.45


class Take:
    """One shot, ready to be drawn frame by frame."""

    def __init__(self, board: Storyboard, shot: Shot) -> None:
        """Build the scene and set the type.

        Args:
            board: The plan.
            shot: The shot of it to draw.
        """
        brief = self._brief = board.brief
        self._shot = shot
        self._size = (brief.width, brief.height)
        self._first = shot.start - shot.dissolve
        self._count = shot.end - self._first
        seconds = self._count / brief.fps
        path = Path(shot.moves, brief.seed)
        self._scene: Scene
        if brief.image is not None:
            self._scene = Pictured(brief.image, self._size, path)
        else:
            seed = (brief.seed, shot.number)
            self._scene = Composed(self._size, shot.mood, shot.palette, path, seconds, seed)
        self._ending = _Ending(board, shot, path) if _ends_on_picture(board, shot) else None
        samples = [self._scene.picture(p, p * seconds) for p in (0.05, 0.5, 0.95)]
        self._type = self._lettering(samples)
        self._slate = self._slates(board, samples)

    def picture(self, number: int) -> Image.Image:
        """Draw one frame.

        Args:
            number: The frame's number in the clip.

        Returns:
            RGB of the frame's size.
        """
        local = number - self._first
        progress = local / (self._count - 1) if self._count > 1 else 0.5
        seconds = local / self._brief.fps
        if self._ending and self._ending.over(number):
            return self._ending.last
        frame = self._scene.picture(progress, seconds)
        if self._ending:
            frame = self._ending.mixed(frame, number)
        if self._type:
            self._type.draw(frame, View(0, 0, seconds, progress))
        if self._slate:
            self._slate.draw(frame, number, 1 - self._ending.part(number) if self._ending else 1.0)
        return frame

    def _lettering(self, samples: list[Image.Image]) -> Lettering | None:
        text = drawable(self._shot.text) if self._brief.captions else ""
        if not text:
            return None
        lead = self._shot.dissolve / self._brief.fps
        until = self._count / self._brief.fps
        over_picture = self._brief.image is not None
        if self._ending:
            until *= _CAPTION_PART_BEFORE_END
        elif over_picture:
            until *= _CAPTION_PART
        fades = over_picture or self._ending is not None
        most = max(1, int((until - lead) / _PAGE_SECONDS))
        blocks, place = set_type(text, self._size, most, subtitle=over_picture)
        return Lettering(
            blocks,
            place,
            self._shot.palette,
            samples,
            (lead, until),
            fades=fades,
        )

    def _slates(self, board: Storyboard, samples: list[Image.Image]) -> Slate | None:
        if self._brief.height < SMALLEST:
            return None
        facts = (f"{self._shot.number}/{len(board.shots)}", " + ".join(self._shot.moves))
        margin = max(8, round((self._size[0] * self._size[1]) ** 0.5 * 0.032))
        return Slate(facts, self._brief.fps, margin, self._shot.palette, samples)


def _ends_on_picture(board: Storyboard, shot: Shot) -> bool:
    return board.brief.last_image is not None and shot is board.shots[-1]


class _Ending:
    """The way from a shot to the clip's last picture."""

    def __init__(self, board: Storyboard, shot: Shot, path: Path) -> None:
        brief = board.brief
        size = (brief.width, brief.height)
        picture = brief.last_image or Image.new("RGB", size)
        self.last = stills.cover(picture, size)
        self._size = size
        count = shot.end - shot.start
        self._final = shot.end - 1
        self._mix = max(1, min(int(count * 0.5), round(brief.fps * 2.5)))
        self._hold = max(1, round(min(count * 0.12, brief.fps * 0.4)))
        total = path.total()
        self._lean = (max(-1.0, min(1.0, total.x)), max(-1.0, min(1.0, total.y)))
        # The picture cannot come in from further out than itself, so after a push
        # in it moves as little as it can.
        self._closer = 0.03 if total.zoom > 0 else 0.10

    def over(self, number: int) -> bool:
        """Tell whether only the picture itself is left."""
        return self.part(number) >= 1

    def part(self, number: int) -> float:
        """Tell how far the picture has come in, 0..1."""
        start = self._final - self._hold - self._mix
        return 1.0 if number >= self._final else max(0.0, (number - start) / self._mix)

    def mixed(self, frame: Image.Image, number: int) -> Image.Image:
        """Mix the coming picture in, its framing settling as the first one's moves on."""
        part = self.part(number)
        if part <= 0:
            return frame
        eased = part * part * (3 - 2 * part)
        zoom = 1 + self._closer * (1 - eased)
        wide, high = self._size[0] / zoom, self._size[1] / zoom
        room_x, room_y = (self._size[0] - wide) / 2, (self._size[1] - high) / 2
        x, y = room_x * (1 - self._lean[0]), room_y * (1 - self._lean[1])
        box = (x, y, x + wide, y + high)
        coming = self.last.resize(self._size, Image.Resampling.BILINEAR, box=box)
        return Image.blend(frame, coming, eased)
