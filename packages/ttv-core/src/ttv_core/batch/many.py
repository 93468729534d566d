"""Make many videos, each once, as many side by side as each backend takes."""

from __future__ import annotations

import os
import queue
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core.background import in_background
from ttv_core.batch.budget import Budget
from ttv_core.batch.ledger import Ledger
from ttv_core.batch.lines import Line, as_line
from ttv_core.batch.run import Batch, Makers
from ttv_core.config import load_config
from ttv_core.errors import InvalidInputError, OutputError, VideoGenerationError
from ttv_core.factory import create_executor
from ttv_core.job import check_handler
from ttv_core.labels import quoted
from ttv_core.output import make_folder
from ttv_core.request import VideoRequest
from ttv_core.results import Violation

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from ttv_core.batch.item import BatchItem
    from ttv_core.events import EventHandler
    from ttv_core.executors import Executor
    from ttv_core.planning import Plan

    Request = VideoRequest | Mapping[str, Any] | str | Line

__all__ = ["generate_many", "plan_many"]

NAME = "{slug}-{key}.mp4"


def generate_many(
    requests: Iterable[Request],
    *,
    output: str | os.PathLike[str],
    name: str = NAME,
    backend: str | None = None,
    config: Any = None,
    fallback_backends: Sequence[str] | None = None,
    concurrency: int | None = None,
    budget: Decimal | float | str | None = None,
    retry_failed: bool = False,
    executor: Executor | str | None = None,
    on_event: EventHandler | None = None,
) -> Generator[BatchItem, None, None]:
    """Make many videos, and give each as it is done.

    What was made in an earlier run for the same folder is known by the content of its request and
    is not made again, whatever ended that run. A job that a vendor has is taken up where it stands.
    Requests are read as they are needed, so there may be any number of them.

    Args:
        requests: `VideoRequest`s, prompts, mappings of fields (with `backend` and `name` too), or
            what `read_lines` gives.
        output: The folder of the batch; made when missing.
        name: Names of the videos in it; may hold `{slug}`, `{seed}`, `{name}` and `{key}`, which
            is of the content and so the only one that surely tells two requests apart.
        backend: Who makes them, where a request does not say.
        config: As for `create_video_generator`.
        fallback_backends: What to try next, where that surely costs nothing.
        concurrency: How many at once at each backend; as its capabilities say when left out.
        budget: US dollars for the whole batch, earlier runs included. What would pass it waits for
            those under way, and is refused if they leave too little.
        retry_failed: Whether requests that failed in an earlier run are tried again, where that
            run surely cost nothing.
        executor: Who renders the videos of local backends, by name or itself; this process when
            left out. Those of vendors are always this process's.
        on_event: Hears every `JobEvent` of every job.

    Yields:
        One item for each request, in the order in which they end.

    Raises:
        InvalidInputError: If the budget or the concurrency is no such number, or it is one request.
        OutputError: If the folder cannot be used, or another process works on the batch.
        ConfigurationError: If a setting is wrong.
        BackendUnavailableError: If there is no such executor, or its machines cannot be reached.
        PluginError: If the executor is installed, but broken.

    Example:
        >>> import tempfile, ttv_core
        >>> wanted = [{"prompt": p, "duration": 0.5, "size": "128x72"} for p in ("a fox", "a hen")]
        >>> folder = tempfile.mkdtemp()
        >>> made = ttv_core.generate_many(wanted, output=folder, backend="animatic")
        >>> sorted((item.prompt, item.state) for item in made)
        [('a fox', 'completed'), ('a hen', 'completed')]
        >>> again = ttv_core.generate_many(wanted, output=folder, backend="animatic")
        >>> {item.state for item in again}
        {'skipped'}
    """
    _check_several(requests)
    _check_name(name)
    _check_concurrency(concurrency)
    check_handler(on_event)
    how = {"concurrency": concurrency, "retry_failed": retry_failed, "on_event": on_event}
    read = load_config(config)
    if isinstance(executor, str):
        executor = create_executor(read, executor)
    makers = Makers(backend, read, fallback_backends, executor)
    return _made(requests, Path(output).expanduser(), name, makers, _money(budget), how)


def _made(
    requests: Iterable[Request],
    folder: Path,
    name: str,
    makers: Makers,
    limit: Decimal | None,
    how: Mapping[str, Any],
) -> Generator[BatchItem, None, None]:
    make_folder(folder)
    with Ledger(folder) as ledger, _opened(makers.executor):
        batch = Batch(ledger, folder, name, makers, Budget(limit, ledger.spent), **how)
        work = in_background(batch.run(iter(requests)))
        try:
            while (item := _next(batch.done, work)) is not None:
                yield item
            work.result()
        finally:
            batch.stop()
            with suppress(BaseException):
                work.result()


@contextmanager
def _opened(executor: Executor | None) -> Iterator[None]:
    if executor is None:
        yield
        return
    try:
        executor.open()
        yield
    finally:
        executor.close()


def plan_many(
    requests: Iterable[Request],
    *,
    backend: str | None = None,
    config: Any = None,
    fallback_backends: Sequence[str] | None = None,
) -> Iterator[tuple[Line, Plan | VideoGenerationError]]:
    """Say what each request of a batch would come to. Nothing is sent.

    Args:
        requests: As for `generate_many`.
        backend: Likewise.
        config: Likewise.
        fallback_backends: Likewise.

    Yields:
        Each request with its plan, or with what stands in the way of one.
    """
    _check_several(requests)
    makers = Makers(backend, load_config(config), fallback_backends)
    for number, asked in enumerate(requests, 1):
        line = as_line(asked, number)
        try:
            request = line.wanted()
            yield line, makers.of(line, request).plan(request)
        except VideoGenerationError as error:
            yield line, error


def _next(done: queue.SimpleQueue[BatchItem | None], work: Future[None]) -> BatchItem | None:
    while True:
        try:
            return done.get(timeout=0.5)  # a signal does not wake an endless wait everywhere
        except queue.Empty:
            if work.done() and done.empty():
                return None


def _check_several(requests: object) -> None:
    """Refuse one request where several belong: its letters or fields would be taken for them."""
    if isinstance(requests, str | bytes | Mapping | VideoRequest):
        message = f"requests is one {type(requests).__name__}: put it into a list"
        raise InvalidInputError(violations=[Violation("requests", "invalid", message)])


def _money(budget: Decimal | float | str | None) -> Decimal | None:
    if budget is None:
        return None
    try:
        amount = Decimal(str(budget).strip().removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        message = f"budget is {quoted(budget)}: say US dollars, such as 40 or 2.50"
        raise InvalidInputError(violations=[Violation("budget", "invalid", message)])
    return amount


def _check_concurrency(count: int | None) -> None:
    if count is not None and (type(count) is not int or count < 1):
        message = f"concurrency is {quoted(count)}: say how many at once, 1 or more"
        raise InvalidInputError(violations=[Violation("concurrency", "invalid", message)])


def _check_name(name: str) -> None:
    try:
        filled = name.format(slug="a", seed=0, name="a", key="a")
    except (KeyError, IndexError, ValueError):
        filled = ""
    if not filled.endswith(".mp4") or os.sep in filled or filled.startswith("."):
        msg = (
            f"name {name!r} is no file name that ends in .mp4; it may hold "
            "{slug}, {seed}, {name} and {key}"
        )
        raise OutputError(msg, code="bad_name", remedy=f"such as {NAME!r}")
