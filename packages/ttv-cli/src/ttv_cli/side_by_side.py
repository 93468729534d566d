"""Ask several backends at once, for a bounded time: one that hangs is only its own line."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["side_by_side"]

Answer = TypeVar("Answer")


def side_by_side(
    questions: Mapping[str, Callable[[], Answer]], seconds: float
) -> dict[str, Answer | None]:
    """Call functions side by side and return what they returned; None for those not done.

    Args:
        questions: Name to a function, which raises nothing.
        seconds: How long all of them together may take.
    """
    answers: dict[str, Answer | None] = dict.fromkeys(questions)

    def ask(name: str) -> None:
        answers[name] = questions[name]()

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in questions]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(answers)
