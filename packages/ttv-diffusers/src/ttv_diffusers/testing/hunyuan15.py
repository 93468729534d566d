"""HunyuanVideo 1.5, tiny as far as it can be: a layer 2048 wide is fixed in it."""

from __future__ import annotations

from typing import Any

from ttv_diffusers.testing.decoders import faint
from ttv_diffusers.testing.text import WIDTH, byt5, qwen

__all__ = ["MAKERS"]

_LATENT = 32
_SEEN = 12


def _vae() -> Any:
    from diffusers import AutoencoderKLHunyuanVideo15

    vae = AutoencoderKLHunyuanVideo15(
        latent_channels=_LATENT,
        block_out_channels=(16, 16, 16, 16, 2 * _LATENT),
        layers_per_block=1,
        spatial_compression_ratio=16,
        temporal_compression_ratio=4,
        downsample_match_channel=False,
        upsample_match_channel=False,
    )
    return faint(vae)


def _parts(task: str) -> dict[str, Any]:
    from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideo15Transformer3DModel
    from diffusers.guiders import ClassifierFreeGuidance

    transformer = HunyuanVideo15Transformer3DModel(
        in_channels=2 * _LATENT + 1,
        out_channels=_LATENT,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        text_embed_dim=WIDTH // 2,
        text_embed_2_dim=WIDTH,
        image_embed_dim=_SEEN,
        rope_axes_dim=(2, 2, 4),
        target_size=64,
        task_type=task,
    )
    return {
        "transformer": transformer.eval(),
        "vae": _vae(),
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=7.0),
        "guider": ClassifierFreeGuidance(guidance_scale=6.0),
        **qwen(),
        **byt5(),
    }


def _t2v() -> Any:
    from diffusers import HunyuanVideo15Pipeline

    return HunyuanVideo15Pipeline(**_parts("t2v"))


def _i2v() -> Any:
    from diffusers import HunyuanVideo15ImageToVideoPipeline
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    config = SiglipVisionConfig(
        hidden_size=_SEEN,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=54,
        patch_size=2,  # 27 x 27 tokens, which the pipeline counts on
    )
    return HunyuanVideo15ImageToVideoPipeline(
        image_encoder=SiglipVisionModel(config).eval(),
        feature_extractor=SiglipImageProcessor(size={"height": 54, "width": 54}),
        **_parts("i2v"),
    )


MAKERS = {"hunyuan15_t2v": _t2v, "hunyuan15_i2v": _i2v}
"""Each pipeline by its name."""
