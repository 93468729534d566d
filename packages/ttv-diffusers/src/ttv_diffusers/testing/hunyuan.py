"""HunyuanVideo, tiny."""

from __future__ import annotations

from typing import Any

from ttv_diffusers.testing.decoders import faint
from ttv_diffusers.testing.text import WIDTH, clip, llama

__all__ = ["MAKERS"]

_LATENT = 16
_SEEN = 24 * 24
"""Tokens of a picture: the pipeline counts on exactly as many."""


def _vae() -> Any:
    from diffusers import AutoencoderKLHunyuanVideo

    vae = AutoencoderKLHunyuanVideo(
        latent_channels=_LATENT,
        down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
    )
    return faint(vae)


def _transformer(**changes: Any) -> Any:
    from diffusers import HunyuanVideoTransformer3DModel

    usual = {
        "in_channels": _LATENT,
        "out_channels": _LATENT,
        "num_attention_heads": 2,
        "attention_head_dim": 10,
        "num_layers": 1,
        "num_single_layers": 1,
        "num_refiner_layers": 1,
        "text_embed_dim": WIDTH // 2,
        "pooled_projection_dim": 8,
        "rope_axes_dim": (2, 4, 4),
    }
    return HunyuanVideoTransformer3DModel(**(usual | changes)).eval()


def _scheduler() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(shift=7.0)


def _llama_config(tokenizer: Any) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH // 2,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=3,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _t2v() -> Any:
    from diffusers import HunyuanVideoPipeline
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE
    from transformers import LlamaModel

    tokenizer = llama(DEFAULT_PROMPT_TEMPLATE["template"])
    return HunyuanVideoPipeline(
        text_encoder=LlamaModel(_llama_config(tokenizer)).eval(),
        tokenizer=tokenizer,
        transformer=_transformer(guidance_embeds=True),
        vae=_vae(),
        scheduler=_scheduler(),
        **clip(),
    )


def _i2v() -> Any:
    from diffusers import HunyuanVideoImageToVideoPipeline
    from diffusers.pipelines.hunyuan_video import pipeline_hunyuan_video_image2video as real
    from transformers import CLIPImageProcessor

    tokenizer = llama(real.DEFAULT_PROMPT_TEMPLATE["template"])
    return HunyuanVideoImageToVideoPipeline(
        text_encoder=_llava(tokenizer),
        tokenizer=tokenizer,
        transformer=_transformer(guidance_embeds=True, image_condition_type="token_replace"),
        vae=_vae(),
        scheduler=_scheduler(),
        image_processor=CLIPImageProcessor(crop_size=48, size=48),
        **clip(),
    )


def _llava(tokenizer: Any) -> Any:
    from transformers import CLIPVisionConfig, LlavaConfig, LlavaForConditionalGeneration

    eyes = CLIPVisionConfig(
        hidden_size=8,
        intermediate_size=37,
        projection_dim=32,
        num_attention_heads=4,
        num_hidden_layers=2,
        image_size=48,
        patch_size=2,
    )
    config = LlavaConfig(
        vision_config=eyes,
        text_config=_llama_config(tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=_SEEN,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlavaForConditionalGeneration(config).eval()


MAKERS = {"hunyuan_t2v": _t2v, "hunyuan_i2v": _i2v}
"""Each pipeline by its name."""
