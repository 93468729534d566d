"""Videos on their way to the disk, and what becomes of them there."""

from __future__ import annotations

import asyncio
import hashlib

from ttv_core.errors import DownloadError, OutputError, VideoGenerationError
from ttv_core.results import MediaInfo
from ttv_core.transfer import Arrived

from .vendor import video

_MOMENT = 0.05


class Disk:
    """Downloads and measures as the real ones do: in pieces, and what is broken is seen."""

    def __init__(self, faults, downloading):
        self.faults = faults
        self.downloading = downloading

    async def download(self, file, path, guard, *, arrived, progress, note, on_disk):
        fault = self.faults.next("download")
        task_id, _, index = file.url.removeprefix("https://vendor.example/").partition("/")
        whole = video(task_id, int(index))
        self.downloading(task_id, path)
        await asyncio.sleep(_MOMENT)
        if fault is not None and fault.how == "status":
            raise DownloadError("no", status_code=fault.status, retry_after=fault.wait)
        if fault is not None and fault.how == "full":
            raise OutputError("no space left", code="disk_full")
        if fault is not None and fault.how == "corrupt":
            whole = whole[:-9] + b"x" * 9
        done = path.read_bytes() if arrived.validator else b""
        path.write_bytes(done)
        await note(Arrived("etag", len(whole)))
        half = len(done) + (len(whole) - len(done)) // 2
        for end in (half, len(whole)):
            progress(len(done), len(whole))
            with path.open("ab") as sink:
                sink.write(whole[len(done) : end])
            done = whole[:end]
            await asyncio.sleep(_MOMENT)
            if fault is not None and fault.how == "cut":
                raise DownloadError("cut off", code="cut_off")
        return Arrived("etag", len(whole))

    async def inspect(self, path):
        await asyncio.sleep(_MOMENT)
        held = path.read_bytes()
        name, _, proof = held.removeprefix(b"whole video ").partition(b" ")
        if not name or proof != hashlib.sha256(name).hexdigest().encode() * 8:
            raise VideoGenerationError("damaged")
        digest = hashlib.sha256(held).hexdigest()
        return MediaInfo(64, 64, 1.0, 24.0, 24, "h264", None, len(held), digest)
