"""Decoders of random weights whose pictures survive being encoded as a video."""

from __future__ import annotations

from typing import Any

__all__ = ["faint"]

_CONTRAST = 0.4
_COLOUR = 0.1


def faint(vae: Any) -> Any:
    """Return the decoder with little contrast and less colour.

    Videos hold colours at half the size of the picture, in which colourful noise is lost.
    """
    import torch

    with torch.no_grad():
        for weight in vae.decoder.conv_out.parameters():
            colours = weight.view(3, -1)  # red, green and blue, perhaps several pixels of each
            grey = colours.mean(dim=0, keepdim=True)
            colours.copy_(_CONTRAST * (grey + _COLOUR * (colours - grey)))
    return vae.eval()
