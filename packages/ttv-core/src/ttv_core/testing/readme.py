"""The table of models for a backend's README, written from the data, so that both say the same."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ttv_core.capabilities import Capabilities, ModelCapabilities
    from ttv_core.rules import Price

__all__ = ["check_readme", "check_table", "models_table"]

_MODES = {
    "text_to_video": "text",
    "image_to_video": "image",
    "first_last_frame": "first and last frame",
    "reference_to_video": "references",
    "video_to_video": "video",
}
_UNITS = {"second": "/s", "video": " a video", "image": " a picture", "input_second": "/s given"}


def models_table(capabilities: Capabilities) -> str:
    """Return the models that can be used as a Markdown table, and the retired ones as a line.

    Args:
        capabilities: The backend's own table.
    """
    head = ("model", "from", "seconds", "pictures", "sound", "price in US dollars")
    rows: list[tuple[str, ...]] = [head, ("---",) * len(head)]
    rows += [_row(model) for model in capabilities.models if model.status != "retired"]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    retired = [model for model in capabilities.models if model.status == "retired"]
    if retired:
        lines += ["", f"Retired: {', '.join(_retired(model) for model in retired)}."]
    return "\n".join(lines)


def _row(model: ModelCapabilities) -> tuple[str, ...]:
    name = f"`{model.id}`" + ("" if model.status == "ga" else f" ({model.status})")
    pictures = model.canvas.describe()
    sound = {"optional": "on request", "unknown": "not documented"}.get(model.audio, model.audio)
    return (
        name,
        ", ".join(_MODES[mode] for mode in model.modes),
        _length(model),
        "not documented" if pictures == "unknown" else pictures,
        sound,
        "; ".join(_prices(model)) or "not documented",
    )


def _length(model: ModelCapabilities) -> str:
    """Return the legal seconds, or frames where these are what the engine takes."""
    if model.durations is not None:
        return model.durations.describe()
    if model.frames is None:
        return "not documented"
    usual = "" if model.frames.default is None else f", usually {model.frames.default:g}"
    rate = "" if model.fps is None else f" at {model.fps.default or model.fps.describe()} fps"
    return f"{model.frames.describe()} frames{usual}{rate}"


def _prices(model: ModelCapabilities) -> Iterator[str]:
    for price in model.prices:
        text = price.basis if price.amount is None else f"{price.amount}{_UNITS[price.basis]}"
        free = f", the first {price.free} free" if price.free else ""
        yield f"{text}{free}{_condition(price)}{_date(price)}"


def _condition(price: Price) -> str:
    said = [
        f"{field} {'/'.join('unset' if value is None else str(value) for value in values)}"
        for field, values in price.when.items()
    ]
    return f" with {', '.join(said)}" if said else ""


def _date(price: Price) -> str:
    return f" ({price.as_of})" if price.as_of else ""


def _retired(model: ModelCapabilities) -> str:
    since = f" since {model.status_date}" if model.status_date else ""
    after = f", now `{model.successor}`" if model.successor else ""
    return f"`{model.id}`{since}{after}"


def check_readme(path: Path, capabilities: Capabilities) -> None:
    """Check that a README has the table between `<!-- models -->` and `<!-- /models -->`.

    With `TTV_WRITE_README=1` it is written there instead.

    Args:
        path: The README.
        capabilities: The backend's own table.

    Raises:
        AssertionError: If it has another one, or no place for it.
    """
    check_table(path, "models", models_table(capabilities))


def check_table(path: Path, name: str, table: str) -> None:
    """Check that a README has a table that is written from data, as `check_readme` does.

    Args:
        path: The README.
        name: The table is between `<!-- name -->` and `<!-- /name -->`.
        table: What the data say.

    Raises:
        AssertionError: If it has another one, or no place for it.
    """
    text = path.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert marked.search(text), f"{path} has no <!-- {name} --> … <!-- /{name} -->"
    wanted = marked.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)
    if os.environ.get("TTV_WRITE_README"):
        path.write_text(wanted, encoding="utf-8")
    elif wanted != text:
        msg = f"the table in {path} is not the data's; write it with TTV_WRITE_README=1"
        raise AssertionError(msg)
