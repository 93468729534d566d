"""What ttv reads of this backend before using it."""

from __future__ import annotations

from ttv_core.hookspecs import BackendSpec, hookimpl


@hookimpl
def ttv_backends() -> list[BackendSpec]:
    """Describe HunyuanVideo."""
    return [
        BackendSpec(
            name="hunyuan",
            summary="HunyuanVideo and 1.5 on your own GPU; not in the EU, the UK, South Korea",
            generator="ttv_hunyuan.generator:HunyuanGenerator",
            kind="local",
            config_section="hunyuan_video",
            setup={
                "help": "set backends.hunyuan.model_dir to a pipeline's folder, or hunyuan_dir to "
                "a checkout of an official repository; the Tencent Hunyuan Community License does "
                "not apply in the European Union, the United Kingdom and South Korea",
                "url": "https://huggingface.co/hunyuanvideo-community",
            },
        )
    ]
