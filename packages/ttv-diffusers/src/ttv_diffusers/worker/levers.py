"""Put a pipeline where it fits, and make it faster: each lever of the settings, pulled."""

from __future__ import annotations

import copy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ttv_core.errors import BackendUnavailableError, ConfigurationError
from ttv_diffusers.worker.devices import free_memory
from ttv_diffusers.worker.parallel import split

if TYPE_CHECKING:
    import torch

__all__ = ["memory_preset", "place", "quantization"]

_ROOM = 8_000_000_000
"""Bytes kept for what is computed besides the weights, where nobody knows better."""
_OFFLOAD = {"high": "none", "balanced": "model", "low": "group"}
_PACKAGES = {"bitsandbytes": "bitsandbytes", "torchao": "torchao", "quanto": "optimum.quanto"}


def place(pipeline: Any, levers: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Move a pipeline to its device as the settings say, and pull the other levers.

    Returns:
        What was done, in words.

    Raises:
        ConfigurationError: If a lever does not go with the device.
        BackendUnavailableError: If a package is missing.
    """
    preset = memory_preset(levers["memory"], pipeline, device)
    low = preset != "high"
    offload = levers["offload"] or ("none" if device.type == "cpu" else _OFFLOAD[preset])
    done: dict[str, Any] = {"memory": preset, "offload": offload}
    vae = getattr(pipeline, "vae", None)
    for lever, method in (("vae_tiling", "enable_tiling"), ("vae_slicing", "enable_slicing")):
        if (low if levers[lever] is None else levers[lever]) and hasattr(vae, method):
            getattr(vae, method)()
            done[lever] = True
    if levers["layerwise_casting"]:
        _cast_by_layer(pipeline)
    _speed_up(pipeline, levers)
    if levers["gpus"] > 1:
        for part in _transformers(pipeline):
            split(part, levers["gpus"])
        done["gpus"] = levers["gpus"]
    _offload(pipeline, offload, device)
    return done


def memory_preset(wanted: str, pipeline: Any, device: torch.device) -> str:
    """Return the preset; "auto" is the one with most in the device's memory that fits."""
    free = free_memory(device)
    if wanted != "auto" or free is None:
        return "high" if wanted == "auto" else wanted
    sizes = [_bytes(part) for part in pipeline.components.values()]
    if sum(sizes) + _ROOM <= free:
        return "high"
    return "balanced" if max(sizes) + _ROOM <= free else "low"


def _bytes(part: Any) -> int:
    if not hasattr(part, "parameters"):
        return 0
    return sum(weight.numel() * weight.element_size() for weight in part.parameters())


def _offload(pipeline: Any, how: str, device: torch.device) -> None:
    import torch

    if how == "none":
        pipeline.to(device)
    elif how == "group":
        stream = device.type == "cuda"
        pipeline.enable_group_offload(
            onload_device=device,
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=stream,
        )
    elif device.type == "cpu":
        msg = f"offload: {how} moves parts to a GPU and back, and the device is the CPU"
        raise ConfigurationError(msg, code="needs_gpu", charged="no", remedy="offload: none")
    elif how == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)


def _transformers(pipeline: Any) -> list[Any]:
    found = (getattr(pipeline, name, None) for name in ("transformer", "transformer_2", "unet"))
    return [part for part in found if part is not None]


def _cast_by_layer(pipeline: Any) -> None:
    import torch

    for part in _transformers(pipeline):
        part.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=part.dtype)


def _speed_up(pipeline: Any, levers: dict[str, Any]) -> None:
    for part in _transformers(pipeline):
        # Setting one also sets what later pipelines of this process begin with.
        if hasattr(part, "set_attention_backend"):
            _set_attention(part, levers["attention"] or "native")
        if levers["cache"]:
            part.enable_cache(_cache(levers["cache"], pipeline))
        if levers["compile"]:
            part.compile_repeated_blocks()


def _set_attention(part: Any, name: str) -> None:
    try:
        part.set_attention_backend(name)
    except (RuntimeError, ImportError) as error:  # it names the package that is missing
        msg = f"attention: {name} cannot be used here: {error}"
        raise BackendUnavailableError(msg, code="missing_package", charged="no") from error
    except ValueError as error:
        msg = f"attention: {error}"
        raise ConfigurationError(msg, code="unknown_attention", charged="no") from error


def _cache(name: str, pipeline: Any) -> Any:
    import diffusers

    if name == "first-block":
        return diffusers.FirstBlockCacheConfig(threshold=0.1)
    if name == "pyramid-attention":
        return diffusers.PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2,
            cross_attention_block_skip_range=2,
            current_timestep_callback=lambda: pipeline._current_timestep,  # noqa: SLF001
        )
    return diffusers.TaylorSeerCacheConfig()


def quantization(wanted: str, device: torch.device) -> Any:
    """Return how the weights of the transformers are to be stored.

    Raises:
        BackendUnavailableError: If the package for it is missing.
        ConfigurationError: If it does not go with the device.
    """
    from diffusers import PipelineQuantizationConfig

    package, _, bits = wanted.partition("-")
    module = _PACKAGES[package]
    if find_spec(module.partition(".")[0]) is None:
        name = "optimum-quanto" if package == "quanto" else package
        msg = f"quantization: {wanted} needs the package {name}"
        raise BackendUnavailableError(
            msg, code="missing_package", charged="no", remedy=f"pip install {name}"
        )
    if package == "bitsandbytes" and device.type != "cuda":
        msg = f"quantization: {wanted} needs a GPU, and the device is {device.type}"
        raise ConfigurationError(
            msg, code="needs_gpu", charged="no", remedy="quantization: torchao-int8"
        )
    how = _QUANTIZED[package](bits)
    # One for each part: what diffusers builds from a name must be known to transformers as well.
    return PipelineQuantizationConfig(
        quant_mapping={"transformer": how, "transformer_2": copy.deepcopy(how)}
    )


def _bitsandbytes(bits: str) -> Any:
    from diffusers import BitsAndBytesConfig

    return BitsAndBytesConfig(**{f"load_in_{bits}": True})


def _torchao(_: str) -> Any:
    from diffusers import TorchAoConfig
    from torchao.quantization import Int8WeightOnlyConfig

    return TorchAoConfig(Int8WeightOnlyConfig())


def _quanto(bits: str) -> Any:
    from diffusers import QuantoConfig

    return QuantoConfig(weights_dtype=bits)


_QUANTIZED = {"bitsandbytes": _bitsandbytes, "torchao": _torchao, "quanto": _quanto}
