"""Load a pipeline, put it where it fits, and keep it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ttv_core.errors import BackendUnavailableError, ModelNotFoundError
from ttv_diffusers.worker.devices import choose_device, choose_dtypes
from ttv_diffusers.worker.parallel import join

if TYPE_CHECKING:
    import torch

    from ttv_diffusers.protocol import Generate, Load

__all__ = ["Held", "load", "set_threads"]

_NOT_LOADED_WITH = ("threads", "allow_download")
_threads: list[int] = []
"""What torch had before the first job."""


@dataclass
class Held:
    """A pipeline that is loaded.

    Attributes:
        pipeline: The pipeline.
        checkpoint: Where it is from.
        levers: What it was loaded with.
        where: The device.
        told: How it was placed, in words.
        shift: What its scheduler was made from, to go back to after a job with another shift.
    """

    pipeline: Any
    checkpoint: str
    levers: dict[str, Any]
    where: torch.device
    told: dict[str, Any] = field(default_factory=dict)
    scheduler: Any = None

    @property
    def device(self) -> str:
        """The device, in words."""
        return str(self.where)

    def serves(self, order: Generate | Load) -> bool:
        """Tell whether an order can be run with it."""
        same = self.checkpoint == order.checkpoint and self.levers == _loaded_with(order)
        return same and (self._is(order.pipeline) or self._can_change)

    def _is(self, pipeline: str) -> bool:
        return type(self.pipeline).__name__ == pipeline

    @property
    def _can_change(self) -> bool:
        """Whether another class may take over the parts: not while hooks move them about."""
        return self.told.get("offload") == "none"

    def for_class(self, pipeline: str) -> Held:
        """Return the same parts in a pipeline of another class."""
        if self._is(pipeline):
            return self
        parts = dict(self.pipeline.components)
        cls = _class_of(pipeline)
        wanted, optional = cls._get_signature_keys(cls)
        kept = {name: parts.get(name) for name in wanted}
        kept |= {
            name: self.pipeline.config[name] for name in optional if name in self.pipeline.config
        }
        made = cls(**kept)
        made.set_progress_bar_config(disable=True)
        return replace(self, pipeline=made)


def _loaded_with(order: Generate | Load) -> dict[str, Any]:
    return {name: value for name, value in order.levers.items() if name not in _NOT_LOADED_WITH}


def set_threads(count: int | None) -> None:
    """Have torch use so many threads on the CPU; None for as many as it would by itself."""
    import torch

    _threads.append(torch.get_num_threads())
    torch.set_num_threads(count or _threads[0])
    del _threads[1:]


def load(order: Generate | Load) -> Held:
    """Load the pipeline of an order.

    Raises:
        ModelNotFoundError: If the weights are not there, or not whole.
        BackendUnavailableError: If the device or a package is not.
    """
    from diffusers.utils import logging

    from ttv_diffusers.worker.levers import place, quantization

    logging.disable_progress_bar()
    levers = order.levers
    device = choose_device(levers["device"])
    if levers["gpus"] > 1:
        device = join(levers["gpus"], device)
    arguments: dict[str, Any] = {
        "dtype": choose_dtypes(levers["dtype"], device),
        "use_safetensors": True,
        "local_files_only": not levers["allow_download"],
    }
    if levers["quantization"]:
        arguments["quantization_config"] = quantization(levers["quantization"], device)
    cls = _class_of(order.pipeline)
    try:
        pipeline = cls.from_pretrained(order.checkpoint, **arguments)
    except (OSError, ValueError) as error:
        msg = f"{order.checkpoint} cannot be loaded as {order.pipeline}: {error}"
        raise ModelNotFoundError(msg, code="bad_weights", charged="no") from error
    pipeline.set_progress_bar_config(disable=True)
    held = Held(pipeline, order.checkpoint, _loaded_with(order), device)
    held.scheduler = pipeline.scheduler
    held.told = place(pipeline, levers, device)
    return held


def _class_of(name: str) -> Any:
    import diffusers

    found = getattr(diffusers, name, None)
    if isinstance(found, type) and issubclass(found, diffusers.DiffusionPipeline):
        return found
    msg = f"diffusers {diffusers.__version__} has no pipeline {name}"
    raise BackendUnavailableError(
        msg, code="missing_pipeline", charged="no", remedy="pip install --upgrade diffusers"
    )
