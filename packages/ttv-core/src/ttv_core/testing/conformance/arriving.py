"""A finished video is not lost: to a bad download, to the end of the process, or to a bad file."""

from __future__ import annotations

import pytest

from ttv_core import jobs
from ttv_core.errors import DownloadError
from ttv_core.testing.conformance.elsewhere import Elsewhere
from ttv_core.testing.conformance.faults import BROKEN_DOWNLOADS, NO_VIDEOS
from ttv_core.testing.conformance.paying import Paying
from ttv_core.testing.conformance.verdict import holds
from ttv_core.testing.simulator import Fault

__all__ = ["Arriving"]

_FETCH = "ttv_core.RemoteVideoGenerator.fetch"


class Arriving(Paying):
    """Tests of `fetch`, and of jobs that another process takes up."""

    @pytest.mark.parametrize("kind", BROKEN_DOWNLOADS)
    def test_a_download_that_breaks_is_gone_on_with(self, kind: str) -> None:
        """Break a download off, then once more in another way."""
        if self.files is None:
            pytest.skip("the video comes in an answer, not as a file")
        self.vendor.fail(self.files, Fault(kind="cut", at=500)).fail(self.files, Fault(kind=kind))
        video = self.generated()
        holds(
            video.path.read_bytes() == self.vendor.video,
            f"after a download that broke ({kind}) the file is not what the vendor has",
            mend="return addresses in `fetch`, fresh ones each time; ttv_core downloads",
            see=_FETCH,
        )
        self.paid_once(f"a download that breaks ({kind})")

    @pytest.mark.parametrize("kind", NO_VIDEOS)
    def test_what_is_no_whole_video_is_no_file(self, kind: str) -> None:
        """Send something else than a video: an error, no file, and the job can be taken up."""
        whole = self.vendor.video
        instead = NO_VIDEOS[kind]
        self.vendor.video = whole[: len(whole) // 2] if instead is None else instead
        error = self.failing()
        holds(
            isinstance(error, DownloadError) and not self.output.exists(),
            f"{kind} instead of a video ends as {error!r} and leaves {self.left()}",
            mend="return addresses in `fetch`; ttv_core measures the file before it gets its name",
            see=_FETCH,
        )
        self.vendor.video = whole
        job = self.resumed(str(error.job_id))
        video = self.brought_home(job, "a job whose download was broken, taken up again,")
        assert video.path.read_bytes() == whole
        self.paid_once(f"{kind} instead of a video")

    def test_a_killed_process_loses_nothing(self) -> None:
        """Kill the process of an accepted job; another one brings its video home."""
        self.vendor.states = [self.running]
        told = {"settings": self.ready_settings(), "asks": self.asks, "output": str(self.output)}
        Elsewhere("start", of=self.generator, **told).ended_by_kill()
        record = self.the_job()
        self.finish()
        video = self.brought_home(self.resumed(record.id), "a job whose process was killed")
        holds(
            video.path.read_bytes() == self.vendor.video
            and jobs.get(record.id).state == "completed",
            "a job whose process was killed came to another video",
            mend="keep what finds the job again in `RemoteRef.data`, nothing in the generator",
            see="ttv_core.RemoteRef",
        )
        self.paid_once("a job whose process was killed")
