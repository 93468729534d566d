"""Write what the documentation takes from the code to a folder of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tools.site.backends import backend_pages, executor_pages, prices_page
from tools.site.commands import commands_page
from tools.site.known import known_page
from tools.site.library import library_pages
from tools.site.settings import general_keys, settings_table
from ttv_core import RemoteSettings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_pages"]


def write_pages(folder: Path) -> None:
    """Write every page anew.

    Args:
        folder: Where to; what is there is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    made = {f"backends/{name}.md": text for name, text in backend_pages().items()}
    made |= {f"executors/{name}.md": text for name, text in executor_pages().items()}
    made |= {f"library/{name}.rst": text for name, text in library_pages().items()}
    made |= {
        "commands.md": commands_page(),
        "known.md": known_page(),
        "prices.md": prices_page(),
        "keys.md": general_keys(),
        "remote-keys.md": settings_table(RemoteSettings, inherited=True),
    }
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text.rstrip()}\n", encoding="utf-8")
