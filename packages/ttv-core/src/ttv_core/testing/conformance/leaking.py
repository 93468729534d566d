"""What comes out of a backend: errors of ours that cross processes, and no secret anywhere."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from ttv_core.errors import VideoGenerationError
from ttv_core.testing.conformance.complaints import crosses
from ttv_core.testing.conformance.vendor import AtAVendor
from ttv_core.testing.conformance.verdict import all_hold
from ttv_core.testing.simulator import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ttv_core.events import JobEvent

__all__ = ["Leaking"]

_ERRORS = "ttv_core.errors"
_FAULTS = {
    "a reset": Fault(kind="reset"),
    "400": Fault(kind="status", status=400),
    "401": Fault(kind="status", status=401),
    "429": Fault(kind="status", status=429),
    "500": Fault(kind="status", status=500),
    "a page": Fault(kind="body", body=b"<html>", content_type="text/html"),
    "an empty object": Fault(kind="body", body=b"{}"),
}


class Leaking(AtAVendor):
    """Tests of what `submit` and `poll` raise, and of where secrets may show."""

    def test_every_error_is_ours(self) -> None:
        """Call `submit` and `poll` while the vendor fails; no error of an SDK comes out."""
        all_hold(
            [
                f"{what} with {fault} raises {type(error).__module__}.{type(error).__name__}: "
                f"{error}"
                for what, fault, error in self._errors()
                if not isinstance(error, VideoGenerationError)
            ],
            mend="catch the SDK's own errors where it is called, and raise ours `from` them",
            see=_ERRORS,
        )

    def test_errors_of_a_vendor_cross_process_boundaries(self) -> None:
        """Pickle every error that `submit`, `poll` and a failed job raise."""
        found = [error for _, _, error in self._errors()]
        self.vendor.states = [self.failed]
        found.append(self.failing())
        ours = [error for error in found if isinstance(error, VideoGenerationError)]
        all_hold(
            [problem for error in ours if (problem := crosses(error))],
            mend="raise errors of ttv_core with plain values in them: no response, no lock",
            see=_ERRORS,
        )

    def _errors(self) -> Iterator[tuple[str, str, Exception]]:
        """Return what `submit` and `poll` raise while the vendor fails in each way."""
        self.vendor.states = [self.running]
        backend = self._one
        ref = self.submitted()
        calls: dict[str, tuple[str, Callable[[], Any]]] = {
            "submit": (self.creates, self.submitted),
            "poll": (self.polls, lambda: backend.ask(backend.poll(ref))),
        }
        for what, (kind, call) in calls.items():
            for fault, made in _FAULTS.items():
                self.vendor.fail(kind, made, times=9)
                try:
                    call()
                except Exception as error:  # noqa: BLE001 - that is what is looked for
                    yield what, fault, error
                self.vendor.heal()

    def test_no_secret_shows_anywhere(
        self, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        """Make a video, and let the vendor quote the key; then look everywhere."""
        if not self.held_secrets:
            pytest.skip("it is made with no secret")
        caplog.set_level("DEBUG")
        shown: dict[str, str] = {}
        for number, (kind, fault) in enumerate(self._quoting()):
            if kind:
                self.vendor.fail(kind, fault)
            backend = self.made()
            heard: list[JobEvent] = []
            try:
                self.attempted(backend, output=self.folder / f"{number}.mp4", on_event=heard.append)
            except VideoGenerationError as error:
                shown[f"an error ({error.code})"] = "".join(
                    [traceback.format_exc(), repr(error), json.dumps(error.to_dict())]
                )
            self.vendor.heal()
            shown[f"the events of job {number}"] = repr(heard)
        shown["the log"] = caplog.text
        for path in tmp_path.rglob("*"):
            if path.is_file():
                shown[f"the file {path.relative_to(tmp_path)}"] = path.read_bytes().decode(
                    "utf-8", "replace"
                )
        all_hold(
            self.leaking(shown),
            mend="declare keys as SecretStr, so that ttv_core knows what to hide; quote no header, "
            "no address with a query, and keep no secret in `RemoteRef.data` or a plan",
            see="ttv_core.RemoteVideoGenerator.scrub",
        )

    def _quoting(self) -> Iterator[tuple[str, Fault]]:
        """Return a job that goes well, and answers that quote a secret."""
        yield "", Fault(kind="reset")
        body = json.dumps({"error": f"the key {self.held_secrets[0]} is odd"}).encode()
        for status in (400, 401, 500):
            yield self.creates, Fault(kind="status", status=status, body=body)
        for status in (403, 500):
            yield self.polls, Fault(kind="status", status=status, body=body)
