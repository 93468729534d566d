"""Write the README's table of models from the data: `python tests/runway_readme.py`."""

from __future__ import annotations

from pathlib import Path

from ttv_runway.generator import RunwayGenerator

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- models -->\n", "<!-- /models -->"
MODES = {
    "text_to_video": "text",
    "image_to_video": "first frame",
    "first_last_frame": "first and last frame",
    "reference_to_video": "references",
    "video_to_video": "video",
}


def table() -> str:
    """Return the table of the models in use, and of those that are retired."""
    rows = [
        "| model | from | seconds | pictures | sound | $ a second |",
        "|---|---|---|---|---|---|",
    ]
    retired = []
    for model in RunwayGenerator.models.models:
        if model.status == "retired":
            retired.append(f"`{model.id}` (retired {model.status_date}, use `{model.successor}`)")
            continue
        cells = [
            f"`{model.id}`",
            ", ".join(MODES[mode] for mode in model.modes),
            "unknown" if model.durations is None else model.durations.describe(),
            _pictures(model),
            "a choice" if model.audio == "optional" else model.audio,
            _prices(model),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([*rows, "", f"No longer there: {', '.join(retired)}.", ""])


def _pictures(model):
    """Say what the mode that makes the most pictures makes."""
    canvases = [model.canvas, *(model.in_mode(mode).canvas for mode in model.modes)]
    canvas = max(canvases, key=lambda canvas: len(canvas.sizes))
    if len(canvas.sizes) > 6:
        tiers = dict.fromkeys(size.tier.replace("2160p", "4k") for size in canvas.sizes)
        return f"{len(canvas.sizes)} sizes: {', '.join(tiers)}"
    return canvas.describe()


def _prices(model):
    if not model.prices:
        return "unknown"
    return "; ".join(_price(price) for price in model.prices)


def _price(price):
    words = {True: "with sound", False: "without"}
    when = [words.get(value, value) for values in price.when.values() for value in values]
    least = f", at least {price.minimum}" if price.minimum else ""
    said = f" {', '.join(when)}" if when else ""
    what = {"image": " a reference", "input_second": " a second given"}.get(price.basis, "")
    if price.basis == "image":
        said = ""
    return f"{price.amount}{what}{said}{least}"


def written(text: str) -> str:
    """Return the README with the table of today."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
