"""Whether a local backend can be used now, found out without torch unless that is asked for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ttv_core import Availability
from ttv_core.errors import VideoGenerationError
from ttv_diffusers.desk import desk_of, place_of
from ttv_diffusers.kept.borrowing import find, workers_of
from ttv_diffusers.machine import available_memory, gpu_memory
from ttv_diffusers.sharing import cannot_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_diffusers.generator import PipelineGenerator
    from ttv_diffusers.protocol import Facts
    from ttv_diffusers.settings import EngineSettings
    from ttv_diffusers.shelf import Entry

__all__ = ["Finding", "ask_torch", "readiness"]

PACKAGES = ("torch", "diffusers", "transformers", "accelerate")
_QUANTIZERS = {"bitsandbytes": "bitsandbytes", "torchao": "torchao", "quanto": "optimum"}
_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
_SHARE = {"high": 1.0, "balanced": 0.7, "low": 0.2}
"""How much of the weights is on the device at once, at the least."""

Finding = tuple[str, str]
"""What is in the way, and what mends it."""


def readiness(generator: PipelineGenerator, *, deep: bool = False) -> Availability:
    """Say what is in the way of making videos.

    Args:
        generator: The backend.
        deep: Whether to start the worker and ask torch.
    """
    findings = [*_packages(generator.settings), *_weights(generator), *_device(generator.settings)]
    usable = [entry for entry in generator.entries if entry.checkpoint is not None]
    told: tuple[str, ...] = ()
    if usable and not findings:
        findings += _shares(usable, generator.settings)
        kept = [find(generator.settings, each.checkpoint) for each in usable if each.checkpoint]
        ready = [worker for worker, _ in kept if worker is not None]
        told = tuple(f"the kept worker {each.id} has {each.model} loaded" for each in ready)
        told += tuple(why for _, why in kept if why)
        if not ready:  # what it has loaded needs no further memory
            findings += _memory(usable, generator.settings)
    if deep and not findings:
        try:
            facts = ask_torch(generator)
        except VideoGenerationError as error:
            findings.append((error.message, error.remedy or ""))
        else:
            told += (f"torch {facts.versions['torch']} runs on {facts.device} ({facts.name})",)
    elif not findings and place_of(generator.settings.device) == "cpu":
        told += ("no GPU is used: on the CPU a real model takes hours for a video",)
    return Availability(
        ok=not findings,
        reasons=tuple(reason for reason, _ in findings) or told,
        remedies=tuple(remedy for _, remedy in findings if remedy),
    )


def _packages(settings: EngineSettings) -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            version(name)
        except PackageNotFoundError:
            yield f"the package {name} is not installed", f"pip install {name}"
    if settings.quantization is not None:
        name = settings.quantization.partition("-")[0]
        if find_spec(_QUANTIZERS[name]) is None:
            package = "optimum-quanto" if name == "quanto" else name
            yield f"quantization needs the package {package}", f"pip install {package}"


def _weights(generator: PipelineGenerator) -> Iterator[Finding]:
    if not generator.entries:
        key = f"{generator.section}.model_dir"
        yield "no weights are configured", f"set {key} to a folder with a model_index.json"
    if all(entry.problem is not None for entry in generator.entries):
        for entry in generator.entries:
            assert entry.problem is not None
            yield entry.problem.message, entry.problem.remedy or f"set {entry.source.key}"


def _device(settings: EngineSettings) -> Iterator[Finding]:
    place = place_of(settings.device)
    if place.startswith("cuda") and place_of("auto") != "cuda:0":
        yield f"device is {settings.device}, but no GPU is seen here", "device: cpu, or a driver"
    if place == "cpu" and settings.offload in {"model", "sequential"}:
        yield f"offload: {settings.offload} needs a GPU, and the device is the CPU", "offload: none"
    how = settings.quantization
    if how is not None and how.startswith("bitsandbytes") and not place.startswith("cuda"):
        reason = f"quantization: {how} needs a GPU, and the device is {place}"
        yield reason, "quantization: torchao-int8"
    if place == "cpu" and settings.gpus > 1:
        yield f"gpus is {settings.gpus}, and the device is the CPU", "gpus: 1"


def _shares(entries: list[Entry], settings: EngineSettings) -> Iterator[Finding]:
    """Tell which models so many GPUs cannot share."""
    for entry in entries:
        assert entry.checkpoint is not None
        if (found := cannot_share(entry.checkpoint, settings.gpus)) is not None:
            yield found


def _memory(entries: list[Entry], settings: EngineSettings) -> Iterator[Finding]:
    """Hold the smallest checkpoint against the memory that is free."""
    place = place_of(settings.device)
    free = gpu_memory(place) if place.startswith("cuda") else available_memory()
    need, entry = min(((_need(entry, settings), entry) for entry in entries), key=lambda n: n[0])
    if free is None or need <= free:
        return
    where = place if place.startswith("cuda") else "this machine"
    published = ""
    if entry.recipe is not None and entry.recipe.needs:
        least = min(entry.recipe.needs, key=lambda known: known.memory)
        published = f"; published: {least.memory:g} GB for {least.run} ({least.source})"
    needed = f"{entry.source.path} needs about {need / 1e9:.1f} GB for its weights alone"
    reason = f"{needed}, and {free / 1e9:.1f} GB are free on {where}{published}"
    yield reason, "memory: low, a quantization, or a smaller model"
    for worker in workers_of(place):
        held = f"the kept worker {worker.id} holds {worker.model} on {place}"
        yield held, f"ttv worker stop {worker.id}"


def _need(entry: Entry, settings: EngineSettings) -> int:
    """Return the bytes of weights that are in the memory in question at once, at the least."""
    assert entry.checkpoint is not None
    on_cpu = not place_of(settings.device).startswith("cuda")
    dtype = settings.dtype if settings.dtype != "auto" else "float32" if on_cpu else "bfloat16"
    whole = entry.checkpoint.parameters * _BYTES[dtype]
    if on_cpu:
        return whole
    share = _SHARE["low" if settings.memory == "auto" else settings.memory]
    return int(whole * share * (0.5 if settings.layerwise_casting or settings.quantization else 1))


def ask_torch(generator: PipelineGenerator, *, seconds: float = 60.0) -> Facts:
    """Have the worker say what torch finds.

    Args:
        generator: The backend.
        seconds: How long it may take.

    Raises:
        VideoGenerationError: If torch cannot use the device, or nobody answers.
    """
    import time

    from ttv_core.errors import BackendUnavailableError
    from ttv_diffusers import protocol as told
    from ttv_diffusers.failures import raise_failure

    desk = desk_of(generator.settings.device)
    deadline = time.monotonic() + seconds
    with (
        desk.line.turn(desk.line.join(), lambda: _in_time(deadline)),
        desk.working(generator, generator.settings) as worker,
    ):
        worker.send(told.Ask(generator.settings.device))
        while True:
            _in_time(deadline)
            found = worker.next(0.1)
            if found is None:
                continue
            if isinstance(found[0], told.Failed):
                raise_failure(found[0])
            if isinstance(found[0], told.Facts):
                return found[0]
            msg = f"the worker answered {type(found[0]).__name__}"
            raise BackendUnavailableError(msg, charged="no")


def _in_time(deadline: float) -> None:
    import time

    from ttv_core.errors import BackendUnavailableError

    if time.monotonic() > deadline:
        msg = "the worker does not answer: it is at work, or torch takes long to import"
        raise BackendUnavailableError(msg, code="busy", charged="no", retryable=True)
