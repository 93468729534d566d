"""A film of several clips, each of which begins with the very last frame of the one before.

    python examples/chain.py "A red fox runs through snow." "It stops by a river." -o film.mp4
    python examples/chain.py "A lighthouse at dusk." "Its light goes on." --backend wan -o film.mp4

The backend must be able to start from a picture. Needs ttv-core[media].
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import ttv_core as ttv
from ttv_core import media


def chain(prompts: list[str], output: Path, **asked: object) -> media.Joined:
    """Make a clip for each prompt and join them.

    Args:
        prompts: What each clip shows.
        output: The file to write.
        **asked: Further fields of the request, the same for every clip.
    """
    with tempfile.TemporaryDirectory() as folder:
        clips: list[Path] = []
        for number, prompt in enumerate(prompts):
            start = {} if not clips else {"image": media.png(media.last_frame(clips[-1]))}
            clip = ttv.generate(prompt, output=Path(folder, f"{number}.mp4"), **start, **asked)
            clips.append(clip.path)
        # A clip that starts from a picture shows it first: the frame is there twice.
        return media.join(clips, output, drop_boundary=True)


def main() -> None:
    """Read the arguments and make the film."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("prompts", nargs="+", metavar="PROMPT")
    parser.add_argument("--output", "-o", type=Path, required=True)
    parser.add_argument("--backend", default="animatic")
    parser.add_argument("--duration", type=float, help="seconds of each clip")
    parser.add_argument("--size", help="such as 832x480")
    given = vars(parser.parse_args())
    prompts, output = given.pop("prompts"), given.pop("output")
    made = chain(prompts, output, **{name: value for name, value in given.items() if value})
    info = media.measure(made.path)
    print(f"{made.path}: {info.num_frames} frames, {info.duration:.2f} s")


if __name__ == "__main__":
    main()
