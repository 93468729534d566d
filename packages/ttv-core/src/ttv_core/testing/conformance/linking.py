"""Links to videos: fresh ones each time, and no secret for whom they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ttv_core.testing.conformance.vendor import AtAVendor
from ttv_core.testing.conformance.verdict import all_hold, broken, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ttv_core.jobs.vendor import RemoteRef
    from ttv_core.remote import RemoteVideoGenerator
    from ttv_core.transfer import RemoteFile

__all__ = ["Linking"]

_FETCH = "ttv_core.RemoteVideoGenerator.fetch"
_HERE, _ALSO_HERE = "127.0.0.1", "localhost"


class Linking(AtAVendor):
    """Tests of what `fetch` returns."""

    def test_links_are_those_of_now(self) -> None:
        """Ask for the link of a job, then let the vendor have another: it is not the old one."""
        backend, second, third = (self.remote() for _ in range(3))
        ref, other = self._two_done()
        first = self._links(backend, ref)
        problems = []
        if first == self._links(backend, other) != self._links(second, other):
            problems.append(f"`fetch` returns the same links for two jobs: {first}")
        self._elsewhere()
        again, fresh = self._links(backend, ref), self._links(third, ref)
        if again == first != fresh:
            problems.append(
                f"`fetch` returns {again} again, although the vendor has other links by now"
            )
        all_hold(
            problems,
            mend="ask the vendor in each `fetch`, and keep no link: links expire",
            see=_FETCH,
        )

    def test_no_secret_goes_to_another_host(self) -> None:
        """Let the videos be at another host than the API: no key is sent there."""
        if not self.held_secrets:
            pytest.skip("it is made with no secret")
        backend, (ref, _) = self._one, self._two_done()
        self._elsewhere()
        own = urlsplit(backend.base_url).netloc
        all_hold(
            [
                f"`fetch` sends the header {name} with a secret to {urlsplit(file.url).netloc}, "
                f"which is not the API's host {own}"
                for file in self._files(backend, ref)
                for name, text in file.headers.items()
                if file.url and urlsplit(file.url).netloc != own
                if any(secret in text for secret in self.held_secrets)
            ],
            mend="give a RemoteFile the headers of the API only if its link is of the API's own "
            "host",
            see="ttv_core.RemoteFile",
        )

    def _two_done(self) -> tuple[RemoteRef, RemoteRef]:
        """Return two jobs whose videos are there."""
        __tracebackhide__ = True
        if self.files is None:
            pytest.skip("the video comes in an answer, not as a file")
        one, other = (self.created() for _ in range(2))
        self.finish()
        return one, other

    def _elsewhere(self) -> None:
        """Let the vendor give its links another host; it is this machine all the same."""
        self.vendor.url = self.vendor.url.replace(_HERE, _ALSO_HERE)

    def _links(self, backend: RemoteVideoGenerator, ref: RemoteRef) -> list[str]:
        __tracebackhide__ = True
        return [file.url for file in self._files(backend, ref)]

    def _files(self, backend: RemoteVideoGenerator, ref: RemoteRef) -> Sequence[RemoteFile]:
        __tracebackhide__ = True
        kept = type(ref)(ref.id, {**ref.data, **self.read(ref, backend).data})
        try:
            return backend.ask(backend.fetch(kept))
        except Exception as error:  # noqa: BLE001 - any backend, any error
            return broken(
                f"`fetch` names no video of a job that is done: {told(error)}",
                mend="ask the vendor where the video is, and return its link",
                see=_FETCH,
            )
