"""The still beside a finished video."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from ttv_cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["poster_path", "write_poster"]


def poster_path(video: Path) -> Path:
    """Return where the still of a video goes: `fox.mp4` has `fox.poster.jpg`."""
    return video.with_name(f"{video.stem}.poster.jpg")


def write_poster(video: Path, *, overwrite: bool) -> Path | None:
    """Write a still of a video beside it; the video is there whether this succeeds or not.

    Args:
        video: The finished video.
        overwrite: Whether an existing still is replaced.

    Returns:
        The still; None if there is none, which is told.
    """
    from ttv_core import VideoGenerationError
    from ttv_core.media import poster

    target = poster_path(video)
    if os.path.lexists(target) and not overwrite:
        note(f"{target} exists and is not replaced (--overwrite replaces it)", kind="note")
        return None
    hidden = target.with_name(f".{target.stem[:80]}.{secrets.token_hex(4)}.part.jpg")
    try:
        poster(video, hidden)
        hidden.replace(target)
    except (VideoGenerationError, OSError) as error:
        note(f"no poster was written: {error}", kind="note")
        return None
    finally:
        hidden.unlink(missing_ok=True)
    return target
