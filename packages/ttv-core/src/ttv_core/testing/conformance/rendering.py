"""A backend here makes what was planned, repeats it with its seed, and tells how far it is."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ttv_core.events import JobEvent
from ttv_core.testing.conformance.asking import Asking
from ttv_core.testing.conformance.steps import noted
from ttv_core.testing.conformance.verdict import all_hold, holds

__all__ = ["Rendering"]

_RENDER = "ttv_core.LocalVideoGenerator.render"
_PROGRESS = "ttv_core.job.JobContext.progress"


class Rendering(Asking):
    """Tests of `render`, run on the smallest request."""

    def test_the_video_is_what_was_planned(self) -> None:
        """Make a video and measure it: size, length and rate are those of the plan."""
        backend = self.made()
        plan = backend.plan(**self.asks)
        video = self.generated(backend)
        off = video.info.deviations(plan.expected) if video.info is not None else ("not measured",)
        all_hold(
            [f"the video is not what was planned: {item}" for item in off],
            mend="render plan.expected: its width, height and num_frames",
            see=_RENDER,
        )
        holds(
            video.charged == "no" and self.output.name in self.left(),
            f"a video made here is charged {video.charged!r} and leaves {self.left()}",
            mend="let ttv_core write the file; an engine that writes itself writes into "
            "context.folder",
            see=_RENDER,
        )

    def test_the_same_seed_makes_the_same_video(self) -> None:
        """Make a video twice with one seed."""
        backend = self.made()
        if backend.capabilities.default.seed is None:
            pytest.skip("it takes no seed")
        made = {
            self.generated(backend, seed=7, output=self.folder / name).sha256
            for name in ("one.mp4", "two.mp4")
        }
        holds(
            len(made) == 1,
            "two videos of seed=7 differ",
            mend="draw every random number from a generator that the seed starts; if the engine "
            "cannot be repeated, take `seed` out of the capabilities",
            see=_RENDER,
        )

    def test_progress_is_told_and_grows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note every step that is told: never back, and never past the end."""
        steps, heard = noted(monkeypatch), list[JobEvent]()
        self.generated(on_event=heard.append)
        told = [event.fraction for event in heard if event.state == "running"]
        problems = [] if told else ["no step was told: nobody can see how far it is, or stop it"]
        known = [fraction for fraction in told if fraction is not None]
        problems += [
            f"{after:.0%} comes after {before:.0%}"
            for before, after in pairwise(known)
            if after < before
        ]
        problems += [
            f"step {item.step} of {item.total} is past the end"
            for item in steps
            if item.total is not None and not 0 <= item.step <= item.total
        ]
        problems += [
            f"step {after.step} of {after.total} comes after {before.step} of {before.total}"
            for before, after in pairwise(steps)
            if after.total == before.total and after.step < before.step
        ]
        if not heard or heard[-1].state != "completed":
            problems.append(f"the last event is {heard[-1].state!r}" if heard else "no event came")
        all_hold(
            problems,
            mend="call context.progress(done, in_all) at every step, with one total",
            see=_PROGRESS,
        )
