"""Settle fps, duration and number of frames, which say one thing in three ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_core.labels import plain_number

if TYPE_CHECKING:
    from ttv_core.domains import Numbers
    from ttv_core.draft import Draft

__all__ = ["settle_length"]

Length = tuple[float | None, int | None]
"""Seconds and frames; None where it is left to the engine."""


def settle_length(draft: Draft) -> dict[str, Any]:
    """Return fps, duration and num_frames, as far as the engine takes or has them.

    The result is also noted in `draft.settled`, for rules and prices.
    """
    fps = draft.settled["fps"] = draft.number("fps", draft.request.fps, draft.model.fps)
    settle = _in_seconds if draft.model.frames is None else _in_frames
    duration, frames = settle(draft, fps)
    draft.settled |= {"duration": duration, "num_frames": frames}
    return {"fps": fps, "duration": duration, "num_frames": frames}


def _in_seconds(draft: Draft, fps: float | None) -> Length:
    """Settle the length for an engine that takes seconds, or does not say what it takes."""
    asked, domain = draft.request.num_frames, draft.model.durations
    if asked is None:
        duration = draft.number("duration", draft.request.duration, domain)
        return duration, None if duration is None or fps is None else _frames(duration, fps)
    if domain is None:
        frames = draft.number("num_frames", asked, None)
        assert frames is not None
        return None if fps is None else frames / fps, int(frames)
    if fps is None:
        why = f"{draft.model.id} does not say its frame rate; give duration in seconds"
        draft.drop("num_frames", asked, why)
        return draft.number("duration", None, domain), None
    return _seconds_of_frames(draft, asked, fps, domain)


def _seconds_of_frames(draft: Draft, asked: int, fps: float, domain: Numbers) -> Length:
    fixed = domain.only is not None
    domain = draft.narrowed("duration", domain)
    duration = asked / fps
    used = duration if domain.allows(duration) else domain.nearest(duration)
    frames = _frames(used, fps)
    if domain.allows(frames / fps):  # so that whole frames, asked for again, are the same video
        used = frames / fps
    if frames != asked:
        allowed = f"{domain.describe()} seconds at {plain_number(fps)} fps"
        why = draft.why({"duration": duration})
        draft.change("num_frames", asked, frames, allowed, why=why)
    if fixed:
        draft.exempt.add("num_frames")
    return used, frames


def _in_frames(draft: Draft, fps: float | None) -> Length:
    """Settle the length for an engine that takes a number of frames."""
    request, domain = draft.request, draft.model.frames
    assert domain is not None
    if request.duration is not None and fps is not None:
        return _frames_of_seconds(draft, request.duration, fps, domain)
    if request.duration is not None:
        draft.drop("duration", request.duration, "the frame rate is unknown; give num_frames")
    count = draft.number("num_frames", request.num_frames, domain)
    frames = None if count is None else int(count)
    return None if frames is None or fps is None else frames / fps, frames


def _frames_of_seconds(draft: Draft, asked: float, fps: float, domain: Numbers) -> Length:
    """Find the frames for a duration; one frame off is told, more is another duration."""
    if domain.only is not None:
        draft.exempt.add("duration")
    domain = draft.narrowed("num_frames", domain)
    used = round(domain.nearest(asked * fps))
    off = abs(used - asked * fps)
    made = f"{domain.describe()} frames at {plain_number(fps)} fps"
    if off > 1 + 1e-9:
        why = draft.why({"num_frames": round(asked * fps)})
        draft.change("duration", asked, round(used / fps, 4), made, why=why)
    elif off > 0.5:
        seconds = f"duration {plain_number(asked)} s is made as {used / fps:.3f} s"
        draft.warn(f"{seconds}, {used} frames: {draft.model.id} makes {made}")
    return used / fps, used


def _frames(duration: float, fps: float) -> int:
    return max(1, round(duration * fps))
