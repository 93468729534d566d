"""Read the commands out of README.md, so that what is tested is what is told.

A command stands in a code block between the comments `<!-- NAME -->` and `<!-- /NAME -->`.
`python -m tools.readme_commands NAME` prints it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def readme_block(name: str) -> str:
    """Return the text of a marked code block.

    Args:
        name: the marker's name.

    Raises:
        ValueError: README.md has no such block, or more than one.
    """
    readme = README.read_text(encoding="utf-8")
    marked = rf"<!-- {name} -->\s*```\w*\n(.*?)```\s*<!-- /{name} -->"
    blocks: list[str] = re.findall(marked, readme, flags=re.DOTALL)
    if len(blocks) != 1:
        message = f"README.md has {len(blocks)} code blocks marked `{name}`, expected one"
        raise ValueError(message)
    return blocks[0].strip()


if __name__ == "__main__":
    print(readme_block(sys.argv[1]))
