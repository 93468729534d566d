"""Plan before pay: plans are pure, offline and quick, and everything else is a view of them."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

from ttv_core.testing.conformance.asking import Asking
from ttv_core.testing.conformance.offline import offline
from ttv_core.testing.conformance.verdict import all_hold, holds

if TYPE_CHECKING:
    from ttv_core.interface import VideoGenerator

__all__ = ["Plans"]

_MOST_CPU = 0.5
_NATIVE = "ttv_core.VideoGenerator.native"


class Plans(Asking):
    """Tests of `plan` and of the methods that are views of it."""

    def test_planning_touches_no_network(self) -> None:
        """Plan, price and validate with every socket closed."""
        backend = self.made()
        with offline() as tried:
            for asked in self.every(backend):
                backend.plan(**asked.fields)
            backend.get_capabilities()
            backend.estimate_cost(**self.asks)
            backend.validate_inputs(**self.asks)
            backend.availability()
        all_hold(
            [f"a plan, a price or `availability()` tried {attempt}" for attempt in tried],
            mend="ask the network in `prepare`, `submit` or `availability(deep=True)` only",
            see=_NATIVE,
        )

    def test_planning_twice_gives_the_same(self) -> None:
        """Plan every request twice, also with another instance, and write nothing meanwhile."""
        backend, another = self.made(), self.made()
        before = self.left()
        problems = []
        for asked in self.every(backend):
            first = backend.plan(**asked.fields)
            kept = deepcopy(first.native)
            again = [each.plan(**asked.fields).native for each in (backend, another)]
            if not all(native == kept for native in (first.native, *again)):
                problems.append(f"{asked}: another plan of the same request differs")
        problems += [f"planning wrote {name}" for name in self.left() if name not in before]
        if Path("state").exists():
            problems.append("planning wrote into the folder of jobs")
        all_hold(
            problems,
            mend="take clocks, counters and random numbers out of `native`; what must be new for "
            "each job belongs into `prepare`",
            see=_NATIVE,
        )

    def test_planning_is_quick(self) -> None:
        """Plan the smallest request; only this thread's own work counts, the best of three."""
        backend = self.made()
        best = min(self._cpu_seconds(backend) for _ in range(3))
        holds(
            best < _MOST_CPU,
            f"a plan takes {best:.2f} s of CPU time; {_MOST_CPU:g} s is the most",
            mend="read tables once, with `models_from` or a cached property",
            see=_NATIVE,
        )

    def test_the_five_methods_say_what_the_plan_says(self) -> None:
        """Hold `estimate_cost` and `validate_inputs` against the plan of the same request."""
        backend = self.made()
        plan = backend.plan(**self.asks)
        cost, wrong = backend.estimate_cost(**self.asks), backend.validate_inputs(**self.asks)
        planned = math.nan if plan.cost.amount is None else float(plan.cost.amount)
        problems = []
        if not plan.ok:
            problems.append(f"the smallest request is refused: {'; '.join(wrong)}")
        if not (cost == planned or (math.isnan(cost) and math.isnan(planned))):
            problems.append(f"estimate_cost says {cost}, the plan {planned}")
        if wrong != [violation.message for violation in plan.violations]:
            problems.append(f"validate_inputs says {wrong!r}, the plan something else")
        if backend.is_available() not in {True, False}:
            problems.append("is_available returns no bool")
        all_hold(
            problems,
            mend="do not override the five methods; set `asks` in your test class to a request "
            "that the backend serves",
            see="ttv_core.VideoGeneratorInterface",
        )

    def _cpu_seconds(self, backend: VideoGenerator) -> float:
        started = time.thread_time()
        backend.plan(**self.asks)
        return time.thread_time() - started
