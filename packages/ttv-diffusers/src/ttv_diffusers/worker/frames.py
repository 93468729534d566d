"""From the decoder to the pipe: frames as bytes, sent while the next ones are decoded."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any, Self

from ttv_core.errors import GenerationFailedError
from ttv_diffusers.protocol import Frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from ttv_diffusers.protocol import Teller

__all__ = ["FrameSender", "streaming"]

_IN_FLIGHT = 4
_AT_ONCE = 4
"""Frames in one message, where they are all there already."""


class FrameSender:
    """Sends frames from a thread of its own, so that decoding goes on.

    Args:
        channel: Where they go to.
        check: Raises when the job is to stop.
    """

    def __init__(self, channel: Teller, check: Callable[[], None]) -> None:
        self._channel = channel
        self._check = check
        self._queue: queue.Queue[Any] = queue.Queue(_IN_FLIGHT)
        self._thread = threading.Thread(target=self._work, name="frames", daemon=True)
        self._thread.start()
        self.sent = 0

    def _work(self) -> None:
        while (frames := self._queue.get()) is not None:
            count, height, width, _ = frames.shape
            with contextlib.suppress(OSError):  # nobody reads: this process ends soon
                self._channel.send(Frames(count, height, width), frames)

    def send(self, video: Any) -> None:
        """Send frames.

        Args:
            video: Numbers from 0 to 1 of shape (frames, channels, height, width).

        Raises:
            GenerationFailedError: If they are not finite.
        """
        import torch

        from ttv_diffusers.worker.running import not_finite

        self._check()
        if not bool(torch.isfinite(video).all()):
            raise not_finite()
        frames = (video.permute(0, 2, 3, 1).float() * 255).round().to(torch.uint8)
        self._queue.put(frames.contiguous().cpu().numpy())
        self.sent += frames.shape[0]

    def rest(self, video: Any) -> None:
        """Send what has not been sent while it was decoded.

        Args:
            video: The whole video, as the pipeline returned it.
        """
        import torch

        whole = torch.as_tensor(video)
        if whole.ndim != 4:
            msg = f"the pipeline returned an array of shape {tuple(whole.shape)}, not frames"
            raise GenerationFailedError(msg, code="bad_frame", charged="no")
        if self.sent not in {0, whole.shape[0]}:
            msg = f"{self.sent} frames were decoded, and the pipeline returned {whole.shape[0]}"
            raise GenerationFailedError(msg, code="bad_frame", charged="no")
        for start in range(self.sent, whole.shape[0], _AT_ONCE):
            self.send(whole[start : start + _AT_ONCE])

    def __enter__(self) -> Self:
        """Return the sender."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until all is sent."""
        self._queue.put(None)
        self._thread.join()


@contextlib.contextmanager
def streaming(pipeline: Any, sender: FrameSender) -> Iterator[None]:
    """Send frames as the decoder makes them, where it makes them one after the other.

    Wan's decoder works through time piece by piece and only then puts the pieces together; what it
    does after that is done to each piece here, so the frames are the same.
    """
    from diffusers import AutoencoderKLWan

    vae = getattr(pipeline, "vae", None)
    if (
        not isinstance(vae, AutoencoderKLWan)
        or vae.use_tiling
        or not hasattr(pipeline, "video_processor")
    ):
        yield
        return

    def decoded(_: Any, __: Any, piece: Any) -> None:
        import torch
        from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

        if vae.config.patch_size is not None:
            piece = unpatchify(piece, patch_size=vae.config.patch_size)
        piece = torch.clamp(piece, min=-1.0, max=1.0)
        sender.send(pipeline.video_processor.postprocess_video(piece, output_type="pt")[0])

    hook = vae.decoder.register_forward_hook(decoded)
    try:
        yield
    finally:
        hook.remove()
