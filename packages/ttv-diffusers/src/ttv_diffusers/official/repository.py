"""An official repository as an engine: what its scripts can do, and the command for a plan."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttv_core import Availability, GenerationFailedError
from ttv_diffusers.official.command import Command, flags
from ttv_diffusers.official.running import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import (
        Capabilities,
        ExpectedVideo,
        JobContext,
        MediaInput,
        ModelCapabilities,
        Plan,
        ResolvedRequest,
    )
    from ttv_diffusers.official.checkout import Checkout

__all__ = ["Repository", "Script", "gpus_here"]

_DEVICES = Path("/dev")
_GPU = re.compile(r"nvidia\d+")
_PASSING = frozenset({"engine_failed", "killed", "no_file"})
"""What may go well the next time."""


@dataclass(frozen=True, slots=True)
class Script:
    """How a script takes what every job has.

    Attributes:
        name: The script.
        seed: The flag of the seed.
        steps: The flag of the number of steps.
        output: The flag that says where the video goes.
        in_folder: Whether that is a folder, in which the script finds a name itself.
        pictures: Role to the flag that takes the picture's file.
        environment: Variables that it reads.
    """

    name: str
    seed: str
    steps: str
    output: str
    in_folder: bool = False
    pictures: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


class Repository(ABC):
    """An official repository that makes videos.

    A subclass gives the data of its models, knows which script makes what, and maps a request to
    the script's flags. What it returns from `native` is what `plan` shows.

    Args:
        checkout: Where it is.
        gpus: How many processes share a video, each with a GPU of its own.
        timeout: Seconds after which a run is ended; None for as long as it takes.
        passes: Environment variables that its scripts get besides the usual ones.
        retries: How often a run that failed is made again, just as it was; not one that the script
            refused, or that took too long.
    """

    models: Capabilities

    def __init__(
        self,
        checkout: Checkout,
        *,
        gpus: int = 1,
        timeout: float | None = None,
        passes: tuple[str, ...] = (),
        retries: int = 0,
    ) -> None:
        self.checkout = checkout
        self.gpus = gpus
        self.timeout = timeout
        self.passes = passes
        self.retries = retries

    @abstractmethod
    def script(self, model: str) -> Script:
        """Return the script that runs a model."""

    @abstractmethod
    def flags(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the flags for a request, save those of seed, pictures and output.

        A wish that the script has no flag for is to be refused here, or left unread.
        """

    def weights(self) -> Sequence[Path]:
        """Return the files and folders without which nothing can be made."""
        return ()

    def native(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return what is run; see `VideoGenerator.native`."""
        script = self.script(model.id)
        given = {role: getattr(request, role) for role in script.pictures}
        seed = request.seed
        return {
            "engine": "official",
            "repository": str(self.checkout.folder),
            "script": script.name,
            "gpus": self.gpus,
            "flags": self.flags(request, model),
            **({} if seed is None else {"seed": seed}),
            **{role: item for role, item in given.items() if item is not None},
        }

    def expected(self, plan: Plan) -> ExpectedVideo:
        """Return what the file should turn out to be."""
        return plan.expected

    def command(self, plan: Plan, folder: Path) -> Command:
        """Return the command for a plan; its pictures are written to the folder of the job."""
        native, script = plan.native, self.script(plan.model)
        values = dict(native["flags"])
        steps = int(values[script.steps])
        for role, flag in script.pictures.items():
            if role in native:
                values[flag] = _written(native[role], folder / role)
        values[script.seed] = native["seed"]
        values[script.output] = folder / ("videos" if script.in_folder else "video.mp4")
        return Command(
            python=self.checkout.python,
            script=self.checkout.folder / script.name,
            arguments=flags(values),
            result="videos/*.mp4" if script.in_folder else "video.mp4",
            steps=steps,
            ranks=native["gpus"],
            environment=script.environment,
            passes=self.passes,
        )

    def render(self, plan: Plan, context: JobContext) -> Path:
        """Run the script for a plan and return its video."""
        command = self.command(plan, context.folder)
        for again in range(1, self.retries + 1):
            try:
                return run(command, context, timeout=self.timeout)
            except GenerationFailedError as error:
                if error.code not in _PASSING:
                    raise
                said = f"the script failed ({error.code}); run {again + 1} of {self.retries + 1}"
                context.emit("loading", message=said)
        return run(command, context, timeout=self.timeout)

    def problems(self) -> Sequence[tuple[str, str]]:
        """Return what else is in the way, each with what mends it."""
        return ()

    def availability(self) -> Availability:
        """Say whether checkout, weights and GPUs are there. Nothing is started or imported."""
        scripts = {self.script(model.id).name for model in self.models.models}
        found = [self.checkout.availability(script) for script in sorted(scripts)]
        reasons = [reason for each in found for reason in each.reasons]
        remedies = [remedy for each in found for remedy in each.remedies]
        for path in self.weights():
            if not path.exists():
                reasons.append(f"the weights {path} are not there")
                remedies.append(f"download them as {self.checkout.url} says")
        for reason, remedy in self.problems():
            reasons.append(reason)
            remedies.append(remedy)
        there = gpus_here()
        if there < self.gpus:
            reasons.append(f"{self.gpus} NVIDIA GPU(s) are to be used, and {there} are here")
            remedies.append("run it where there are as many, or set gpus to what is there")
        return Availability(not reasons, _once(reasons), _once(remedies))

    def with_expected(self, plan: Plan) -> Plan:
        """Return a plan with what its script will make of it."""
        return replace(plan, expected=self.expected(plan))


def gpus_here() -> int:
    """Return how many NVIDIA GPUs the system shows."""
    return sum(bool(_GPU.fullmatch(path.name)) for path in _DEVICES.iterdir())


def _once(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _written(item: MediaInput, stem: Path) -> Path:
    """Write a picture where the script can read it."""
    data = item.read()
    kind = item.facts().format or "png"
    path = stem.with_suffix(f".{kind}")
    path.write_bytes(data)
    return path
