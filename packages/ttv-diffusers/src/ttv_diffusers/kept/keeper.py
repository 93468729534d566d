"""Lend a worker to whoever comes, one after the other, until nobody does any more."""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ttv_core import Line
from ttv_core.errors import (
    BackendUnavailableError,
    GenerationFailedError,
    VideoGenerationError,
)
from ttv_diffusers.failures import failure_of, raise_failure
from ttv_diffusers.kept.borrowing import ENGINE
from ttv_diffusers.kept.client import Client
from ttv_diffusers.kept.sockets import listen
from ttv_diffusers.process import WorkerProcess
from ttv_diffusers.protocol import Cancel, Done, Failed, Load, Queued

if TYPE_CHECKING:
    from collections.abc import Callable

    from ttv_core.kept import Keeping
    from ttv_diffusers.protocol import Generate, Keep

__all__ = ["Keeper"]

_LOOK = 0.05
_LAST_WORDS = 5.0
"""Seconds in which those who wait are told that it ends."""


class Keeper:
    """Holds the worker, and the line in front of it.

    Args:
        order: What is kept, and how.
        keeping: This process's hold on its folder.
        now: Seconds that only go forward.
    """

    def __init__(
        self, order: Keep, keeping: Keeping, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._order = order
        self._keeping = keeping
        self._now = now
        self._line = Line()
        self._lock = threading.Lock()
        self._jobs = 0
        self._videos = 0
        self._used = now()
        self._ending = False
        self._clients: dict[threading.Thread, Client] = {}
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._woken, False)
        self._worker = self._new_worker()

    def _new_worker(self) -> WorkerProcess:
        offline = not self._order.levers["allow_download"]
        return WorkerProcess(offline=offline, environment=os.environ)

    def heed_signals(self) -> None:
        """End when a signal asks for it; for the main thread.

        Python hears of a signal in that thread alone. One that comes just before it begins to wait,
        or that the system gives to another thread, would not end the waiting but for what is
        written then.
        """
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.end())

    def load(self) -> None:
        """Load the weights, and let others find this process.

        Raises:
            VideoGenerationError: If they cannot be loaded, or this process is to end.
        """
        order = self._order
        self._worker.send(Load(order.checkpoint, order.pipeline, order.levers))
        while True:
            self._check()
            found = self._worker.next(_LOOK)
            if found is not None and isinstance(found[0], Failed):
                raise_failure(found[0])
            if found is not None and isinstance(found[0], Done):
                break
        self._listener = listen(self._keeping.folder)
        self._used = self._now()
        self._keeping.announce(
            backend=order.backend,
            model=order.model,
            idle=order.idle,
            engine=ENGINE,
            device=order.identity["device"],
            checkpoint=order.checkpoint,
            worker=self._worker.pid,
            identity=order.identity,
            levers=order.levers,
        )

    def _check(self) -> None:
        if self._ending:
            msg = f"the kept worker {self._order.worker} was stopped"
            raise GenerationFailedError(msg, code="worker_stopped", charged="no")

    def serve(self) -> None:
        """Take whoever comes, until it has been idle for its time or is to end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._ending and (left := self._time_left()) is not None:
                for key, _ in selector.select(left):
                    if key.fd == self._wake:
                        os.read(self._wake, 4096)
                    else:
                        self._take()

    def _time_left(self) -> float | None:
        """Return how long it stays if nobody comes; None if that is over."""
        with self._lock:
            left = self._order.idle - (self._now() - self._used)
            if self._jobs:
                return self._order.idle + 1.0  # whoever ends a job wakes it
        return left if left > 0 else None

    def _take(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it has left already
            return
        try:
            client = Client(connection)
        except PermissionError:
            connection.close()
            return
        thread = threading.Thread(target=self._attend, args=(client,), daemon=True)
        with self._lock:
            self._clients[thread] = client
        thread.start()

    def _attend(self, client: Client) -> None:
        """Do what somebody wants, until that one is gone."""
        try:
            for order, payload in client.orders():
                with self._lock:
                    ahead, self._jobs = self._jobs, self._jobs + 1
                try:
                    self._do(client, order, payload, ahead)
                finally:
                    with self._lock:
                        self._jobs -= 1
                        self._used = self._now()
                    self._awake()
        finally:
            client.leave()
            with self._lock:
                del self._clients[threading.current_thread()]

    def _awake(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._woken, b"\0")

    def _do(self, client: Client, order: Generate, payload: bytearray, ahead: int) -> None:
        place = self._line.join()
        client.tell(Queued(ahead))

        def check() -> None:
            self._check()
            client.check(order.job)

        try:
            with self._line.turn(place, check):
                check()
                self._check_same(order)
                self._keeping.update(state="working", videos=self._videos)
                try:
                    self._work(client, order, payload)
                finally:
                    self._keeping.update(state="idle", videos=self._videos)
        except VideoGenerationError as error:
            client.tell(failure_of(error))

    def _check_same(self, order: Generate) -> None:
        """See that an order is for what is loaded here.

        Raises:
            BackendUnavailableError: If it is not.
        """
        kept, wanted = (
            {**levers, "threads": None} for levers in (self._order.levers, order.levers)
        )
        if (order.checkpoint, wanted) != (self._order.checkpoint, kept):
            msg = f"the kept worker {self._order.worker} has loaded something else"
            raise BackendUnavailableError(msg, code="other_settings", charged="no")

    def _work(self, client: Client, order: Generate, payload: bytearray) -> None:
        """Have the worker do it, and pass on what it says.

        Raises:
            GenerationFailedError: If the worker dies. The next job gets another.
        """
        self._check()
        if not self._worker.alive:
            self._worker.stop(0)
            self._worker = self._new_worker()
        worker, told = self._worker, False
        try:
            worker.send(order, payload)
            while True:
                if client.wants_no_more(order.job) and not told:
                    told = True
                    worker.send(Cancel(order.job))
                found = worker.next(_LOOK)
                if found is None:
                    continue
                if isinstance(found[0], Done):
                    self._videos += 1
                client.tell(*found)
                if isinstance(found[0], Done | Failed):
                    return
        except GenerationFailedError:
            self._check()
            raise

    def end(self) -> None:
        """Have it end, whatever is under way; called from anywhere."""
        self._ending = True
        self._awake()

    def close(self) -> None:
        """End the worker, and let everybody know."""
        self._ending = True
        self._worker.stop(0)
        if hasattr(self, "_listener"):
            self._listener.close()
        late = time.monotonic() + _LAST_WORDS
        with self._lock:
            clients = dict(self._clients)
        for thread, client in clients.items():
            if self._jobs:
                thread.join(max(late - time.monotonic(), 0.0))
            client.leave()
