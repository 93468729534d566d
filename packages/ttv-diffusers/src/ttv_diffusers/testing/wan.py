"""Wan 2.1 and 2.2, tiny."""

from __future__ import annotations

from typing import Any

from ttv_diffusers.testing.decoders import faint
from ttv_diffusers.testing.text import WIDTH, umt5

__all__ = ["MAKERS"]

_SEEN = 16
"""Size of what the image encoder sees in a picture."""


def _vae(**changes: Any) -> Any:
    from diffusers import AutoencoderKLWan

    usual = {"base_dim": 3, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1}
    return faint(AutoencoderKLWan(**(usual | changes)))


def _transformer(channels: int, out: int = 16, **changes: Any) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels,
        out_channels=out,
        text_dim=WIDTH,
        freq_dim=256,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=1024,  # 32, as is usual in tests, breaks above 512 pixels
        **changes,
    ).eval()


def _scheduler(shift: float) -> Any:
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift
    )


def _eyes() -> dict[str, Any]:
    """Return the image encoder of 2.1; its 257 tokens are those of the real one."""
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    config = CLIPVisionConfig(
        hidden_size=_SEEN,
        projection_dim=_SEEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        intermediate_size=16,
        patch_size=2,
    )
    processor = CLIPImageProcessor(crop_size=32, size=32)
    return {"image_encoder": CLIPVisionModel(config).eval(), "image_processor": processor}


def _t2v() -> Any:
    from diffusers import WanPipeline

    return WanPipeline(
        transformer=_transformer(16), vae=_vae(), scheduler=_scheduler(3.0), **umt5()
    )


def _i2v(tokens: int | None = None) -> Any:
    from diffusers import WanImageToVideoPipeline

    transformer = _transformer(36, image_dim=_SEEN, added_kv_proj_dim=24, pos_embed_seq_len=tokens)
    return WanImageToVideoPipeline(
        transformer=transformer, vae=_vae(), scheduler=_scheduler(3.0), **umt5(), **_eyes()
    )


def _flf2v() -> Any:
    return _i2v(tokens=2 * 257)


def _two_experts() -> Any:
    from diffusers import WanPipeline

    return WanPipeline(
        transformer=_transformer(16),
        transformer_2=_transformer(16),
        boundary_ratio=0.875,
        vae=_vae(),
        scheduler=_scheduler(3.0),
        **umt5(),
    )


def _two_experts_i2v() -> Any:
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        transformer=_transformer(36),
        transformer_2=_transformer(36),
        boundary_ratio=0.9,
        image_encoder=None,
        image_processor=None,
        vae=_vae(),
        scheduler=_scheduler(3.0),
        **umt5(),
    )


def _ti2v() -> Any:
    from diffusers import WanPipeline

    vae = _vae(
        z_dim=48,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        is_residual=True,
        decoder_base_dim=3,
        scale_factor_spatial=16,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
    )
    return WanPipeline(
        transformer=_transformer(48, 48),
        expand_timesteps=True,
        vae=vae,
        scheduler=_scheduler(5.0),
        **umt5(),
    )


MAKERS = {
    "wan21_t2v": _t2v,
    "wan21_i2v": _i2v,
    "wan21_flf2v": _flf2v,
    "wan22_t2v": _two_experts,
    "wan22_i2v": _two_experts_i2v,
    "wan22_ti2v": _ti2v,
}
"""Each pipeline by its name."""
