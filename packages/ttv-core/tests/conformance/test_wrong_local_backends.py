"""Backends here that are wrong in one way each: caught by the tests meant for it, and no other."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
from zoo_local import STEPS, GreyGenerator

from ttv_core import GenerationCancelledError
from ttv_core.testing import LocalConformance


class Grey(LocalConformance):
    generator = GreyGenerator
    plugin = "zoo_plugin"
    asks = {"prompt": "a fox", "duration": 0.5}


class CannotRepeat(GreyGenerator):
    def noise(self, plan):
        return np.random.default_rng()


class TestNoiseThatNoSeedStarts(Grey):
    generator = CannotRepeat
    caught_by: ClassVar = {"test_the_same_seed_makes_the_same_video"}


class IgnoresCancel(GreyGenerator):
    def step(self, context, done):
        with contextlib.suppress(GenerationCancelledError):
            super().step(context, done)


class TestACancelThatIsIgnored(Grey):
    generator = IgnoresCancel
    caught_by: ClassVar = {"test_a_job_that_is_cancelled_stops_at_its_next_step"}


class GoesPastTheEnd(GreyGenerator):
    def step(self, context, done):
        context.progress(2 * done, STEPS)


class TestProgressPastTheEnd(Grey):
    generator = GoesPastTheEnd
    caught_by: ClassVar = {"test_progress_is_told_and_grows"}


class GoesBack(GreyGenerator):
    def step(self, context, done):
        context.progress(STEPS - done, STEPS)


class TestProgressThatGoesBack(Grey):
    generator = GoesBack
    caught_by: ClassVar = {"test_progress_is_told_and_grows"}


class MakesAnotherSize(GreyGenerator):
    def render(self, plan, context):
        for frame in super().render(plan, context):
            yield frame[:64]


class TestAnotherSizeThanPlanned(Grey):
    generator = MakesAnotherSize
    caught_by: ClassVar = {"test_the_video_is_what_was_planned"}


class LeavesAProcess(GreyGenerator):
    def render(self, plan, context):
        nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        code = "import time; time.sleep(30)"
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **nothing,
        )
        try:
            yield from super().render(plan, context)
        finally:
            child.kill()
            child.wait()


class TestAProcessThatIsLeft(Grey):
    generator = LeavesAProcess
    outlived = 0.2
    caught_by: ClassVar = {"test_a_killed_process_leaves_nothing"}


class LeavesAFile(GreyGenerator):
    def render(self, plan, context):
        scratch = Path(os.environ["TTV_STATE_DIR"]).with_name("videos") / "scratch.raw"
        scratch.write_bytes(b"frames")
        yield from super().render(plan, context)
        scratch.unlink()


class TestAFileThatIsLeft(Grey):
    generator = LeavesAFile
    caught_by: ClassVar = {
        "test_a_killed_process_leaves_nothing",
        "test_a_job_that_is_cancelled_stops_at_its_next_step",
    }
