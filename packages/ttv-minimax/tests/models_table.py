"""The README's table of models, made from the data. Run it to bring the README up to date."""

from __future__ import annotations

import re
from pathlib import Path

from ttv_minimax.generator import MinimaxGenerator

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- models:[^\n]*-->\n).*?(<!-- /models -->)", re.DOTALL)
MODES = {
    "text_to_video": "text",
    "image_to_video": "first frame",
    "first_last_frame": "both ends",
    "reference_to_video": "references",
}


def lengths(model):
    if model.durations is None:
        return "unknown"
    return model.durations.describe().removesuffix(" in steps of 1")


def prices(model):
    told = []
    for price in model.prices:
        if price.basis not in {"second", "video"}:
            continue
        when = [str(value) for values in price.when.values() for value in values]
        when = [f"{item} s" if item.isdigit() else item for item in when]
        told.append(f"{' '.join(when)} ${price.amount}{'/s' if price.basis == 'second' else ''}")
    return ", ".join(told) or "unknown"


def table():
    rows = [
        "| model | from | seconds | resolution | prompt | sound | price |",
        "|---|---|---|---|---|---|---|",
    ]
    for model in MinimaxGenerator.models.models:
        cells = (
            f"`{model.id}`" + ("" if model.status == "ga" else f" ({model.status})"),
            ", ".join(MODES[mode] for mode in model.modes),
            lengths(model),
            ", ".join(model.canvas.resolutions) or "unknown",
            f"{model.prompt.maximum:,}",
            "yes" if model.audio == "always" else "no",
            prices(model),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(
        BLOCK.sub(lambda found: found[1] + table() + found[2], text), encoding="utf-8"
    )
