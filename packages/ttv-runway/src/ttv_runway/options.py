"""What can be asked of Runway's models beyond what every backend knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = ["Keyframe", "RunwayOptions", "Shot"]

Source = bytes | Path | str
"""A path, the bytes themselves, an https URL or a data URI."""

OutputFormat = Literal[
    "mp4",
    "mov",
    "prores",
    "hdr10",
    "hlg",
    "sdr_rec709_10bit",
    "hdr_pq_12bit_master",
    "hdr_prores",
]
"""Those of the vendor's formats that are videos; it also packs single pictures into a .zip."""

_PROFILES = {
    "prores": ("422", "4444", "422 Proxy", "422 LT", "422 HQ", "4444 XQ"),
    "hdr_prores": ("422", "422 HQ", "4444"),
}
_SHOTS_SECONDS = (3, 15)


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, bytes | Path | str) else value


Sources = Annotated[tuple[Source, ...], BeforeValidator(_as_list)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Shot(_Part):
    """One shot of several.

    Attributes:
        prompt: What to show in it.
        duration: Seconds.
    """

    prompt: str = Field(min_length=1)
    duration: int = Field(ge=1)


class Keyframe(_Part):
    """A picture that guides the video at one moment.

    Attributes:
        image: The picture.
        seconds: When, from the start of the video given. Give this or `at`.
        at: When, as a fraction of the video given.
        range: The whole seconds, from and to, that are edited; all of it when left out.
    """

    image: Source
    seconds: float | None = Field(default=None, ge=0)
    at: float | None = Field(default=None, ge=0, le=1)
    range: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _one_moment(self) -> Keyframe:
        if (self.seconds is None) == (self.at is None):
            msg = "give seconds or at, one of the two"
            raise ValueError(msg)
        return self


class RunwayOptions(_Part):
    """Options of one request: `options={"runway": {...}}`. One that the model lacks is refused.

    Attributes:
        public_figure_threshold: "low" lets moderation be less strict about public figures.
        output_format: What the file is; other than mp4 costs more.
        prores_profile: With "prores" and "hdr_prores".
        cfg_scale: 0 leaves the model free, 1 follows the prompt most strictly.
        shots: Several shots, 3 to 15 seconds in all.
        shot_type: How shots change.
        keep_original_sound: Whether a video that is edited keeps its sound.
        video_mode: What is done with the video given.
        auto_duration: Lets the model choose the length; billed at the longest first.
        prompt_expansion: How the model rewrites the prompt.
        draft: Makes a cheap preview.
        draft_task_id: Makes a draft into a whole video: of that draft, and of nothing else.
        reference_videos: Videos that guide it.
        reference_audio: Sounds that guide it.
        keyframes: Pictures that guide an edit, at most 5.
        middle_image: A picture between the first and the last frame.
    """

    public_figure_threshold: Literal["auto", "low"] | None = None
    output_format: OutputFormat | None = None
    prores_profile: Literal["422", "4444", "422 Proxy", "422 LT", "422 HQ", "4444 XQ"] | None = None
    cfg_scale: float | None = Field(default=None, ge=0, le=1)
    shots: tuple[Shot, ...] = ()
    shot_type: Literal["intelligence", "customize"] | None = None
    keep_original_sound: bool | None = None
    video_mode: Literal["reference", "extend", "edit"] | None = None
    auto_duration: bool = False
    prompt_expansion: Literal["disabled", "balanced", "quality"] | None = None
    draft: bool | None = None
    draft_task_id: str | None = Field(default=None, min_length=1)
    reference_videos: Sources = ()
    reference_audio: Sources = ()
    keyframes: tuple[Keyframe, ...] = Field(default=(), max_length=5)
    middle_image: Source | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> RunwayOptions:
        if self.prores_profile is not None:
            legal = _PROFILES.get(self.output_format or "", ())
            if self.prores_profile not in legal:
                msg = "prores_profile goes with output_format prores (any), or hdr_prores "
                msg += f"({', '.join(_PROFILES['hdr_prores'])})"
                raise ValueError(msg)
        if self.draft and self.output_format not in {None, "mp4"}:
            msg = "a draft is an mp4"
            raise ValueError(msg)
        seconds, (least, most) = sum(shot.duration for shot in self.shots), _SHOTS_SECONDS
        if self.shots and not least <= seconds <= most:
            msg = f"shots are {seconds} s long in all; allowed: {least} to {most}"
            raise ValueError(msg)
        if len({keyframe.range is None for keyframe in self.keyframes}) > 1:
            msg = "either all keyframes have a range or none"
            raise ValueError(msg)
        return self
