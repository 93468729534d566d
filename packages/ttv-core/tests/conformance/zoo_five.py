"""A class of just the five methods."""

from __future__ import annotations


class FiveMethods:
    def __init__(self, **config):
        self.config = config

    def generate_video(self, prompt, duration=None, seed=None, output_path=None):
        raise NotImplementedError

    def get_capabilities(self):
        return {
            "max_duration": 10,
            "supported_resolutions": [],
            "supports_text_to_video": True,
            "supports_image_to_video": False,
            "requires_gpu": False,
            "api_based": False,
            "models": ["five"],
        }

    def estimate_cost(self, **kwargs):
        return 0.0

    def validate_inputs(self, **kwargs):
        return []

    def is_available(self):
        return True
