"""Five methods, and nothing else."""

from pathlib import Path

import numpy

from ttv_core.media import VideoWriter


class Five:
    """Five methods of version 1."""

    def __init__(self, **config):
        self.config = config

    def generate_video(self, prompt, **kwargs):
        with VideoWriter(Path(kwargs["output_path"]), width=64, height=36, fps=12) as video:
            for i in range(12):
                video.write(numpy.full((36, 64, 3), i, numpy.uint8))
        return kwargs["output_path"]

    def get_capabilities(self):
        return {
            "max_duration": 10,
            "supported_resolutions": ["64x36"],
            "supports_text_to_video": True,
            "supports_image_to_video": False,
            "requires_gpu": False,
            "api_based": False,
            "models": ["five-1"],
        }

    def estimate_cost(self, **kwargs):
        return 0.0

    def validate_inputs(self, **kwargs):
        return [] if kwargs.get("duration", 1) <= 10 else ["too long"]

    def is_available(self):
        return True
