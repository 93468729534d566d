"""The official repositories of HunyuanVideo, HunyuanVideo-I2V and HunyuanVideo-1.5.

Flags and their meaning: hyvideo/config.py and sample_video.py of Tencent/HunyuanVideo (fa14b00),
sample_image2video.py and README.md of Tencent-Hunyuan/HunyuanVideo-I2V (1481c1d), generate.py of
Tencent-Hunyuan/HunyuanVideo-1.5 (60783e7); read 2026-11-23.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from ttv_core import models_from
from ttv_diffusers.official import Checkout, Repository, Script
from ttv_hunyuan.guidance import true_cfg_scale
from ttv_hunyuan.parallel import degrees
from ttv_hunyuan.sizes import bucket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ttv_core import ExpectedVideo, ModelCapabilities, Plan, ResolvedRequest
    from ttv_hunyuan.settings import HunyuanSettings

__all__ = ["HunyuanRepository"]

_TABLE: Final = models_from(files(__package__) / "official.yaml")
_T2V, _I2V, _NEW = "sample_video.py", "sample_image2video.py", "generate.py"
_URLS: Final = {
    _T2V: "https://github.com/Tencent-Hunyuan/HunyuanVideo",
    _I2V: "https://github.com/Tencent-Hunyuan/HunyuanVideo-I2V",
    _NEW: "https://github.com/Tencent-Hunyuan/HunyuanVideo-1.5",
}
_WEIGHTS: Final = {
    _T2V: "hunyuan-video-t2v-720p/transformers/mp_rank_00_model_states.pt",
    _I2V: "hunyuan-video-i2v-720p/transformers/mp_rank_00_model_states.pt",
    _NEW: "transformer",
}
_EDGE: Final = {"480p": 640, "720p": 960}
_DISTILLED: Final = {
    "hunyuan-video-1.5-cfg-distilled": ("--cfg_distilled", "distilled"),
    "hunyuan-video-1.5-step-distilled": ("--enable_step_distill", "step_distilled"),
}
_LONGEST_NAME = 255
"""Bytes that a file name may have."""
_AROUND_PROMPT = 29
"""Bytes of the name that the older scripts give a video, besides prompt and seed."""
_NAMED_BY = 100
"""Characters of the prompt in that name."""


class HunyuanRepository(Repository):
    """A checkout of one of the three repositories; which, its script says."""

    def __init__(self, settings: HunyuanSettings, folder: Path) -> None:
        present = [script for script in _URLS if (folder / script).is_file()]
        url = _URLS[present[0] if present else _NEW]
        checkout = Checkout(folder, "backends.hunyuan.hunyuan_dir", url, settings.python)
        super().__init__(
            checkout,
            gpus=settings.gpus,
            timeout=settings.timeout,
            passes=settings.pass_environment,
        )
        self._settings = settings
        self._scripts = present or [_NEW]
        kept = tuple(m for m in _TABLE.models if self.script(m.id).name in self._scripts)
        self.models = _TABLE.model_copy(update={"models": kept})

    @classmethod
    def of(cls, settings: HunyuanSettings) -> HunyuanRepository:
        """Return the repository that the settings name."""
        assert settings.hunyuan_dir is not None
        return cls(settings, settings.hunyuan_dir.expanduser().absolute())

    def script(self, model: str) -> Script:
        """Return the script that runs a model."""
        if model.startswith("hunyuan-video-1.5"):
            return Script(
                name=_NEW,
                seed="--seed",
                steps="--num_inference_steps",
                output="--output_path",
                pictures={"first_frame": "--image_path"},
            )
        from_picture = model == "hunyuan-video-i2v"
        return Script(
            name=_I2V if from_picture else _T2V,
            seed="--seed",
            steps="--infer-steps",
            output="--save-path",
            in_folder=True,
            pictures={"first_frame": "--i2v-image-path"} if from_picture else {},
            environment={"MODEL_BASE": str(self._base)},
        )

    @property
    def _base(self) -> Path:
        """The folder of all weights."""
        set_to = self._settings.ckpt_path
        if set_to is None or set_to.suffix:
            return self.checkout.folder / "ckpts"
        return set_to.expanduser().absolute()

    def _transformer(self, script: str) -> Path:
        set_to = self._settings.ckpt_path
        if set_to is not None and set_to.suffix:
            return set_to.expanduser().absolute()
        return self._base / _WEIGHTS[script]

    def weights(self) -> Sequence[Path]:
        """Return what must be there of the weights."""
        if not self._base.is_dir():
            return [self._base]
        return [self._transformer(script) for script in self._scripts]

    def flags(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return the flags for a request; see `Repository.flags`."""
        script = self.script(model.id).name
        if script == _NEW:
            return self._flags_of_15(request, model)
        _check_name(request)
        made = self._flags_of_13b(request)
        if script == _I2V:
            return made | {
                "--model": "HYVideo-T/2",
                "--i2v-mode": True,
                "--i2v-resolution": request.resolution,
                "--i2v-stability": True,
                "--i2v-dit-weight": str(self._transformer(script)),
                "--ulysses-degree": self.gpus,
                "--ring-degree": 1,
            }
        size = (request.width or 0, request.height or 0)
        ulysses, ring = degrees(request, size, self.gpus)
        return made | {
            "--dit-weight": str(self._transformer(script)),
            "--video-size": (size[1], size[0]),
            "--ulysses-degree": ulysses,
            "--ring-degree": ring,
        }

    def _flags_of_13b(self, request: ResolvedRequest) -> dict[str, Any]:
        """Return what both of the older scripts take."""
        usual = {"steps": 50, "guidance_scale": 6.0, "shift": 7.0}
        how = self._denoising(request, usual)
        return {
            "--model-base": str(self._base),
            "--prompt": request.prompt,
            "--neg-prompt": request.negative_prompt,
            "--cfg-scale": true_cfg_scale(request),
            "--video-length": request.num_frames,
            "--infer-steps": how["steps"],
            "--embedded-cfg-scale": how["guidance_scale"],
            "--flow-shift": how["shift"],
            "--flow-reverse": True,
            "--use-cpu-offload": self.gpus == 1 and self._settings.memory != "high",
        }

    def _flags_of_15(self, request: ResolvedRequest, model: ModelCapabilities) -> dict[str, Any]:
        """Return what generate.py takes; it has no flags for guidance and shift."""
        flag, suffix = _DISTILLED.get(model.id, ("", ""))
        usual = {"steps": 12 if suffix == "step_distilled" else 50}
        how = self._denoising(request, usual)
        task = "t2v" if request.mode == "text_to_video" else "i2v"
        kind = "_".join(filter(None, (str(request.resolution), task, suffix)))
        weights = self._base / "transformer" / kind
        if self._base.is_dir() and not weights.is_dir():
            request.refuse("model", f"its weights are not there: {weights} is no folder")
        if suffix == "distilled" and how["steps"] != usual["steps"]:
            request.refuse("options.hunyuan.steps", f"{model.id} needs 50 steps", allowed="50")
        return {
            "--prompt": request.prompt,
            "--negative_prompt": request.negative_prompt,
            "--resolution": request.resolution,
            "--aspect_ratio": request.aspect_ratio if task == "t2v" else None,
            "--video_length": request.num_frames,
            "--num_inference_steps": how["steps"],
            "--model_path": str(self._base),
            "--sr": "false",
            "--rewrite": "false",
            "--offloading": str(self._settings.memory != "high").lower(),
            **({flag: "true"} if flag else {}),
        }

    def _denoising(self, request: ResolvedRequest, usual: Mapping[str, Any]) -> dict[str, Any]:
        """Return how it is denoised: usually, as the settings say, as the request says."""
        options = {name: getattr(request.options, name) for name in usual}
        layers = (self._settings.defaults.model_dump(), options)
        unused = self._settings.defaults.model_dump(exclude_none=True).keys() - usual.keys()
        for name in sorted(unused):
            request.warn(f"{name} of the configuration is not used: the script has no flag for it")
        found = dict(usual)
        for layer in layers:
            found |= {name: layer[name] for name in usual if layer.get(name) is not None}
        return found

    def expected(self, plan: Plan) -> ExpectedVideo:
        """Return what will be made; the scripts choose sizes from the shape that is wanted."""
        edge = _EDGE.get(str(plan.native.get("flags", {}).get("--resolution")))
        if edge is None:
            return plan.expected
        ratio = plan.native["flags"]["--aspect_ratio"]
        if ratio is not None:
            wide, _, tall = str(ratio).partition(":")
            shape = int(wide), int(tall)
        elif "first_frame" in plan.native:
            facts = plan.native["first_frame"].facts()
            shape = facts.width or 1, facts.height or 1
        else:
            return plan.expected
        width, height = bucket(shape, edge)
        return replace(plan.expected, width=width, height=height)


def _check_name(request: ResolvedRequest) -> None:
    """Refuse a prompt that would give the video a name no file can have, after all the work.

    The script names the file after time, seed and the beginning of the prompt.
    """
    seed = "4294967295" if request.seed is None else str(request.seed)
    named = request.prompt.strip()[:_NAMED_BY].replace("/", "")
    room = _LONGEST_NAME - _AROUND_PROMPT - len(seed)
    length = len(named.encode("utf-8", "surrogatepass"))
    if length > room:
        request.refuse(
            "prompt",
            f"the script names its file after the first {_NAMED_BY} characters of the prompt; "
            f"these are {length} bytes, and a file name has room for {room}",
            allowed="a shorter prompt, or one that begins in plain letters",
        )
