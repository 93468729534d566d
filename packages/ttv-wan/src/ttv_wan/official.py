"""The official repositories Wan2.1 and Wan2.2 as an engine.

Flags and their meaning: generate.py of Wan-Video/Wan2.1 (9737cba) and Wan-Video/Wan2.2 (42bf4cf),
read 2026-11-23.
"""

from __future__ import annotations

import math
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ttv_core import models_from
from ttv_diffusers.official import Checkout, Repository, Script
from ttv_wan.tasks import TASKS, Task, model_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ttv_core import ExpectedVideo, MediaInput, ModelCapabilities, Plan, ResolvedRequest
    from ttv_wan.settings import WanSettings

__all__ = ["WanRepository"]

_TABLE: Final = models_from(files(__package__) / "official.yaml")
_SMALL = 832 * 480
_MULTIPLE = 16


class WanRepository(Repository):
    """A checkout of Wan2.1 or Wan2.2; which, its files say, and what it can make, the weights."""

    def __init__(self, settings: WanSettings) -> None:
        assert settings.wan2_dir is not None
        folder = settings.wan2_dir.expanduser().absolute()
        self.version = version_of(folder) or "2.1"
        url = f"https://github.com/Wan-Video/Wan{self.version}"
        checkout = Checkout(folder, "backends.wan.wan2_dir", url, settings.python)
        super().__init__(
            checkout,
            gpus=settings.gpu_count or settings.gpus,
            timeout=settings.timeout,
            passes=settings.pass_environment,
            retries=settings.chaining_max_retries or 0,
        )
        self._settings = settings
        self._folders = dict(self._found())
        known = {model for model in self._folders if TASKS[model].version == self.version}
        kept = known or {task.model for task in TASKS.values() if task.version == self.version}
        models = tuple(model for model in _TABLE.models if model.id in kept)
        self.models = _TABLE.model_copy(update={"models": models})

    def _found(self) -> Iterator[tuple[str, Path]]:
        """Yield the weights that are configured, by what they are for."""
        settings = self._settings
        folders = [settings.model_dir, *(entry.path for entry in settings.models.values())]
        for name in filter(None, folders):
            path = Path(name).expanduser().absolute()
            if (model := model_of(path)) is not None:
                yield model, path
        from_picture = "wan2.2-i2v-a14b" if self.version == "2.2" else "wan2.1-i2v-14b"
        for folder, usual in (
            (settings.i2v_model_dir, from_picture),
            (settings.flf2v_model_dir, "wan2.1-flf2v-14b"),
        ):
            if folder is not None:
                path = Path(folder).expanduser().absolute()
                yield model_of(path) or usual, path

    def script(self, model: str) -> Script:
        """Return the script that runs a model."""
        return Script(
            name="generate.py",
            seed="--base_seed",
            steps="--sample_steps",
            output="--save_file",
            pictures=TASKS[model].pictures,
        )

    def weights(self) -> Sequence[Path]:
        """Return what must be there of the weights that are configured."""
        mine = {m: path for m, path in self._folders.items() if TASKS[m].version == self.version}
        return [path / name for model, path in mine.items() for name in TASKS[model].files]

    def problems(self) -> list[tuple[str, str]]:
        """Return what else is in the way: weights that this repository cannot run, or none."""
        found = []
        for model, path in self._folders.items():
            wanted = TASKS[model].version
            if wanted != self.version:
                here = f"{self.checkout.folder} is Wan{self.version}"
                reason = f"{path} holds weights of Wan {wanted}, and {here}"
                found.append((reason, f"set wan2_dir to a checkout of Wan{wanted}"))
        if not self._folders:
            reason = "no weights in the layout of the official repository are configured"
            found.append((reason, f"download them as {self.checkout.url} says, and set model_dir"))
        return found

    def flags(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the flags for a request; see `Repository.flags`."""
        task = TASKS[model.id]
        if model.id not in self._folders:
            reason = next((reason for reason, _ in self.problems()), f"{model.id} has no weights")
            request.refuse("model", reason)
        size = request.width or 0, request.height or 0
        made = {
            "--task": task.name,
            "--size": f"{size[0]}*{size[1]}",
            "--ckpt_dir": str(self._folders.get(model.id, "")),
            "--frame_num": request.num_frames,
            "--prompt": request.prompt,
            **self._denoising(request, task, size),
            **self._placement(task),
            **self._sharing(request, task),
        }
        self._tell_shape(request, task, size)
        return made

    def _denoising(
        self, request: ResolvedRequest, task: Task, size: tuple[int, int]
    ) -> dict[str, Any]:
        """Return how it is denoised: usually, as the settings say, as the request says."""
        small = size[0] * size[1] <= _SMALL and task.small_shift is not None
        usual = {
            "steps": task.steps,
            "guidance_scale": task.guidance_scale,
            "shift": task.small_shift if small else task.shift,
        }
        settings = self._settings.defaults
        if settings.guidance_scale_2 is not None:
            request.warn("guidance_scale_2 of the configuration is not used: it has no flag")
        found: dict[str, Any] = {}
        for name, value in usual.items():
            asked, configured = getattr(request.options, name), getattr(settings, name)
            found[name] = next((v for v in (asked, configured, value) if v is not None), None)
        return {
            "--sample_steps": found["steps"],
            "--sample_shift": found["shift"],
            "--sample_guide_scale": found["guidance_scale"],
        }

    def _placement(self, task: Task) -> dict[str, Any]:
        """Return what of the model waits in main memory, on a single GPU."""
        memory = self._settings.memory
        if self.gpus > 1:
            return {}
        roomy = memory == "high"
        return {
            "--offload_model": str(not roomy),
            "--t5_cpu": memory == "low" or (task.t5_cpu and memory == "auto"),
            **({"--convert_model_dtype": not roomy} if self.version == "2.2" else {}),
        }

    def _sharing(self, request: ResolvedRequest, task: Task) -> dict[str, Any]:
        """Return how several GPUs share a video."""
        if self.gpus == 1:
            return {}
        there = self._settings.total_gpus
        if there is not None and self.gpus > there:
            request.refuse("model", f"{self.gpus} GPUs are to share a video; total_gpus is {there}")
        ulysses = math.gcd(self.gpus, task.heads)
        ring = self.gpus // ulysses
        if ring > 1 and self.version != "2.1":
            said = f"{self.gpus} GPUs cannot share the {task.heads} heads of {task.name} evenly"
            request.refuse("model", said, allowed="a number of GPUs that divides them")
        spread = self._settings.chaining_use_fsdp_flags is not False
        return {
            "--dit_fsdp": spread,
            "--t5_fsdp": spread,
            "--ulysses_size": ulysses,
            **({"--ring_size": ring} if ring > 1 else {}),
        }

    def _tell_shape(self, request: ResolvedRequest, task: Task, size: tuple[int, int]) -> None:
        """Record where a size was asked for that the shape of the picture does not allow."""
        asked, used = request.asked, shaped(request.first_frame, size)
        if not task.pictures or used is None or used == size:
            return
        if asked.size is None and asked.aspect_ratio is None:
            return
        wish = "size" if asked.size is not None else "aspect_ratio"
        why = "the video has the shape of the picture, on as many pixels; leave the shape out"
        request.adjust(wish, asked="{}x{}".format(*size), used="{}x{}".format(*used), why=why)

    def expected(self, plan: Plan) -> ExpectedVideo:
        """Return what will be made: from a picture, in its shape."""
        if "first_frame" not in plan.native:
            return plan.expected
        if plan.model == "wan2.2-ti2v-5b":  # it chooses among near sizes by a rule of its own
            return replace(plan.expected, width=None, height=None)
        wide, _, tall = str(plan.native["flags"]["--size"]).partition("*")
        used = shaped(plan.native["first_frame"], (int(wide), int(tall)))
        if used is None:
            return plan.expected
        return replace(plan.expected, width=used[0], height=used[1])


def shaped(picture: MediaInput | None, size: tuple[int, int]) -> tuple[int, int] | None:
    """Return the size of a video that starts from a picture (wan/image2video.py of Wan2.1)."""
    if picture is None:
        return None
    try:
        facts = picture.facts()
    except (OSError, ValueError):  # planning has told it
        return None
    if not facts.width or not facts.height:
        return None
    area, shape = size[0] * size[1], facts.height / facts.width
    tall = int(math.sqrt(area * shape) // _MULTIPLE) * _MULTIPLE
    wide = int(math.sqrt(area / shape) // _MULTIPLE) * _MULTIPLE
    return wide, tall
