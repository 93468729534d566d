"""From our names to those of a server: what it does not take is told, never left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ttv_core import MediaInput, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ttv_endpoint.dialects import Dialect

__all__ = ["OPTIONS", "problems", "shaped"]

OPTIONS: Final = (
    "num_inference_steps",
    "guidance_scale",
    "guidance_scale_2",
    "boundary_ratio",
    "flow_shift",
    "true_cfg_scale",
    "extra_params",
)
"""Options of a request that are sent under their own names."""

_WISHES: Final = {"generate_sound": "audio"} | {
    name: f"options.endpoint.{name}" for name in OPTIONS
}


def problems(dialect: Dialect, native: Mapping[str, Any]) -> Iterator[Violation]:
    """Yield what a server of this dialect cannot be asked for.

    Args:
        dialect: The server's.
        native: A request by our names.
    """
    for name in native:
        if name not in dialect.takes:
            wish = _WISHES.get(name, name)
            known = sorted(_WISHES.get(other, other) for other in dialect.further)
            said = f"{dialect.title} has no field for {wish}"
            yield Violation(wish, "unsupported", said, f"besides the usual: {', '.join(known)}")
    fps, seconds = native.get("fps"), native.get("seconds")
    if dialect.whole_fps and isinstance(fps, float):
        said = f"{dialect.title} takes whole frames per second; fps is {fps:g}"
        yield Violation("fps", "out_of_range", said, "whole numbers")
    if isinstance(seconds, float):
        said = (
            f"{dialect.title} takes whole seconds, and duration is {seconds:g}; give fps too, so "
            "that the number of frames can be sent instead"
        )
        yield Violation("duration", "out_of_range", said, "whole seconds, or any with fps")


def shaped(dialect: Dialect, native: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request by the names and in the kinds of a server.

    Args:
        dialect: The server's.
        native: A request by our names, that nothing stands in the way of. A picture is still a
            `MediaInput`, to be read when it is sent.
    """
    body = dict(native)
    if dialect.size == "text" and "width" in body:
        body["size"] = f"{body.pop('width')}x{body.pop('height')}"
    if dialect.seconds == "text" and "seconds" in body:
        body["seconds"] = str(body["seconds"])
    picture = body.get("input_reference")
    if isinstance(picture, MediaInput) and (picture.is_url or dialect.picture == "data_uri"):
        body[dialect.picture_url] = body.pop("input_reference")
    return body
