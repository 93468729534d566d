"""The same prompt on every installed backend, side by side.

    python examples/compare.py "A red fox runs through snow at dawn." --folder foxes
    python examples/compare.py "A red fox." --folder foxes --max-cost 1

Backends that cost more than --max-cost, or whose price is unknown, are left out: without it, all
but the free ones. Needs ttv-core[media].
"""

from __future__ import annotations

import argparse
from pathlib import Path

import ttv_core as ttv


def compare(prompt: str, folder: Path, **asked: object) -> dict[str, str]:
    """Make a video with each backend that can; return what became of each.

    Args:
        prompt: What to show.
        folder: Where the videos go.
        **asked: Further fields of the request, the same for every backend.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, str] = {}
    for name in sorted(ttv.GENERATOR_REGISTRY):
        try:
            video = ttv.generate(
                prompt, backend=name, output=folder / f"{name}.mp4", overwrite=True, **asked
            )
        except ttv.VideoGenerationError as error:
            found[name] = f"no: {error.message}"
        else:
            found[name] = f"{video.width}x{video.height} · {video.duration:.1f} s · {video.cost}"
    return found


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("prompt")
    parser.add_argument("--folder", type=Path, default=Path("compared"))
    parser.add_argument("--duration", type=float)
    parser.add_argument("--max-cost", default="0", help="US dollars for each video")
    given = vars(parser.parse_args())
    given = {name: value for name, value in given.items() if value is not None}
    prompt, folder = given.pop("prompt"), given.pop("folder")
    for name, result in compare(prompt, folder, on_unsupported="adjust", **given).items():
        print(f"{name:12} {result}")


if __name__ == "__main__":
    main()
