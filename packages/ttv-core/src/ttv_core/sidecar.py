"""The provenance of a video, kept beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ttv_core.errors import OutputError
from ttv_core.output import PendingFile, storage_error
from ttv_core.results import plain

if TYPE_CHECKING:
    from pathlib import Path

    from ttv_core.planning import Plan
    from ttv_core.results import VideoResult

__all__ = ["write_sidecar"]


def write_sidecar(result: VideoResult, plan: Plan, *, part: Path | None = None) -> None:
    """Write the provenance of a video beside it.

    Args:
        result: The finished video; its `sidecar` is the file to write.
        plan: What was asked and sent. Inputs are named, not copied.
        part: Where it is written meanwhile; what an earlier try has left there is dropped.

    Raises:
        OutputError: If it cannot be written; the video is there all the same.
    """
    path = result.sidecar
    if path is None:
        return
    request = {name: getattr(plan.request, name) for name in sorted(plan.request.model_fields_set)}
    record: dict[str, Any] = {
        "ttv": 1,
        "request": plain(request),
        "plan": {"native": plain(plan.native), "mode": plan.mode},
        "result": result.to_dict() | {"path": result.path.name, "sidecar": path.name},
    }
    if result.poster is None:
        del record["result"]["poster"]  # one may be made yet; this cannot know
    try:
        if part is not None:
            part.unlink(missing_ok=True)
        with PendingFile(path, overwrite=plan.request.overwrite, path=part) as pending:
            text = json.dumps(record, indent=2, ensure_ascii=False)
            # A file name may hold bytes that are no text; they are kept as \udcff and the like.
            pending.path.write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
            pending.publish()
    except OSError as error:
        raise storage_error(error, path) from error
    except OutputError as error:
        error.message = f"the video {result.path} is finished, but {error.message}"
        error.job_id = result.job_id
        raise
