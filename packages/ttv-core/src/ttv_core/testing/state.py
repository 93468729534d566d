"""Where the jobs of a test are kept."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ttv_core.jobs.desk import close_desks
from ttv_core.jobs.here import let_go

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["own_state"]


@contextmanager
def own_state(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Keep jobs in a folder of a test's own, and let go of it in the end.

    Each journal that stays open holds files and threads: hundreds of tests would run out of them.

    Args:
        folder: Where `TTV_STATE_DIR` is to lead; made when the first job is written down.

    Yields:
        The folder.

    Example:
        >>> import os, tempfile
        >>> from ttv_core.testing import own_state
        >>> with own_state(tempfile.mkdtemp()) as folder:
        ...     os.environ["TTV_STATE_DIR"] == str(folder)
        True
    """
    before = os.environ.get("TTV_STATE_DIR")
    path = Path(folder).absolute()
    os.environ["TTV_STATE_DIR"] = str(path)
    try:
        yield path
    finally:
        if before is None:
            os.environ.pop("TTV_STATE_DIR", None)
        else:
            os.environ["TTV_STATE_DIR"] = before
        close_desks(path)
        let_go(path)
