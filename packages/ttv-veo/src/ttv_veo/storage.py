"""The user's own bucket: videos come from it, large inputs go through it."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from ttv_core import RemoteFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from ttv_veo.client import Google

__all__ = ["Bucket"]

_CHUNK = 1024 * 1024


class Bucket:
    """Objects under "gs://…", with Google's storage client in a thread.

    Args:
        google: Credentials and project.
    """

    def __init__(self, google: Google) -> None:
        self._google = google
        self._client: Any = None

    def _blob(self, uri: str) -> Any:
        from google.cloud import storage  # type: ignore[import-untyped]

        if self._client is None:
            place = self._google.place
            self._client = storage.Client(
                project=place.project, credentials=self._google.credentials()
            )
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return self._client.bucket(bucket).blob(name)

    async def file(self, uri: str) -> RemoteFile:
        """Return an object as a file to be fetched."""
        blob = await asyncio.to_thread(self._blob, uri)
        await asyncio.to_thread(blob.reload)
        return RemoteFile(read=partial(_pieces, blob), size=blob.size)

    async def videos(self, prefix: str) -> list[str]:
        """Return the videos in a folder."""

        def listed() -> list[str]:
            blob = self._blob(prefix)
            found = self._client.list_blobs(blob.bucket, prefix=blob.name)
            return [f"gs://{blob.bucket.name}/{item.name}" for item in found]

        return sorted(uri for uri in await asyncio.to_thread(listed) if uri.endswith(".mp4"))

    async def put(self, uri: str, data: bytes, mime_type: str) -> None:
        """Write an object; the same bytes under the same name may be written again."""

        def written() -> None:
            self._blob(uri).upload_from_string(data, content_type=mime_type)

        await asyncio.to_thread(written)

    async def remove(self, uris: Iterable[str]) -> None:
        """Remove what was put there; what cannot be removed is no reason to lose a video."""

        def removed(uri: str) -> None:
            with contextlib.suppress(Exception):
                self._blob(uri).delete()

        for uri in uris:
            await asyncio.to_thread(removed, uri)


async def _pieces(blob: Any) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(blob.open, "rb", chunk_size=_CHUNK)
    with file:
        while data := await asyncio.to_thread(file.read, _CHUNK):
            yield data
