"""Several GPUs for one video: a process for each, all of which do the same at the same time.

The worker is the first of them and starts the others, which are workers too; they get the same
orders. Each computes its part of the attention (context parallel). Whether to stop is agreed on at
every step: one that stopped alone would leave the others waiting.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from ttv_core.errors import BackendUnavailableError
from ttv_diffusers.process import WorkerProcess
from ttv_diffusers.protocol import Done, Failed

if TYPE_CHECKING:
    import torch

    from ttv_diffusers.protocol import Generate, Load, Message, Teller

__all__ = ["Others", "Quiet", "agree", "join", "rank", "split"]

_RANK = "TTV_RANK"
_PORT = "TTV_PORT"
_HERE = "127.0.0.1"
_LOOK = 60.0
_store: Any = None


def rank() -> int:
    """Return which of the processes this is; 0 for the one that the others are started by."""
    return int(os.environ.get(_RANK, "0"))


class Quiet:
    """The channel of the other processes: frames and steps are told by the first alone."""

    def __init__(self, channel: Teller) -> None:
        self._channel = channel

    def send(self, message: Message, *payload: Any) -> None:
        """Tell only how it ended."""
        del payload
        if isinstance(message, Done | Failed):
            self._channel.send(message)


class Others:
    """The other processes, as the first sees them.

    Args:
        count: How many there are in all.
    """

    def __init__(self, count: int) -> None:
        port = _meet_at(count).port
        # As this one was started, but for the process that each of them watches.
        command = [sys.executable, *sys.orig_argv[1:-1], str(os.getpid())]
        self._workers = [
            WorkerProcess(
                offline=os.environ.get("HF_HUB_OFFLINE") == "1",
                environment=os.environ | {_RANK: str(number), _PORT: str(port)},
                command=command,
            )
            for number in range(1, count)
        ]
        for worker in self._workers:
            threading.Thread(target=self._hear, args=(worker,), daemon=True).start()

    def tell(self, order: Generate | Load, payload: bytearray) -> None:
        """Give them an order."""
        for worker in self._workers:
            worker.send(order, payload)

    def _hear(self, worker: WorkerProcess) -> None:
        """End all of them when one has failed: what it would send is waited for."""
        while True:
            try:
                found = worker.next(_LOOK)
            except Exception as error:  # noqa: BLE001 - it is dead, and its end is told
                found = (Failed(type(error).__name__, str(error)), bytearray())
            if found is None or not isinstance(found[0], Failed):
                continue
            if found[0].error != "GenerationCancelledError":
                sys.stderr.write(f"{found[0].message}\n")
                sys.stderr.flush()
                os._exit(3)


def _meet_at(count: int) -> Any:
    """Return where the processes meet; the first one opens it at a free port."""
    global _store  # noqa: PLW0603 - there is one group in a process
    from torch.distributed import TCPStore

    if _store is None:
        port = int(os.environ.get(_PORT, "0"))
        _store = TCPStore(_HERE, port, count, is_master=rank() == 0, wait_for_workers=False)
    return _store


def join(count: int, device: torch.device) -> torch.device:
    """Meet the other processes, and return the device that is this one's.

    Args:
        count: How many there are.
        device: The device of the first.
    """
    import torch
    from torch import distributed

    if device.type == "cuda":
        device = torch.device("cuda", (device.index or 0) + rank())
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        backend = "nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(
            backend, store=_meet_at(count), rank=rank(), world_size=count
        )
    return device


def agree(device: torch.device, *, stop: bool) -> bool:
    """Return whether any of the processes is to stop."""
    import torch
    from torch import distributed

    flag = torch.tensor([int(stop)], device=device)
    distributed.all_reduce(flag, op=distributed.ReduceOp.MAX)
    return bool(flag.item())


def split(part: Any, count: int) -> None:
    """Have a transformer compute its part only.

    Raises:
        BackendUnavailableError: If it cannot be split.
    """
    from diffusers import ContextParallelConfig

    name = type(part).__name__
    heads = part.config.num_attention_heads
    if getattr(part, "_cp_plan", None) is None:
        msg = f"{name} cannot be split over several GPUs with diffusers"
    elif heads % count:
        msg = f"{name} has {heads} heads, which {count} GPUs cannot share evenly"
    else:
        part.enable_parallelism(config=ContextParallelConfig(ulysses_degree=count))
        return
    raise BackendUnavailableError(msg, code="not_parallel", charged="no", remedy="gpus: 1")
