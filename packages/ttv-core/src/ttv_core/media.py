"""Read and write video files: the one place where PyAV is used.

Install it with `pip install "ttv-core[media]"`. Frames are uint8 arrays of shape (height, width, 3)
in RGB.
"""

from __future__ import annotations

import contextlib
import hashlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from ttv_core.errors import BackendUnavailableError, GenerationFailedError, OutputError
from ttv_core.output import storage_error
from ttv_core.results import MediaInfo

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterator, Sequence
    from types import TracebackType

    import av as av_types
    import numpy as np
    import numpy.typing as npt

    from ttv_core.joining import Joined

    Frame = npt.NDArray[np.uint8]
    StrPath = str | os.PathLike[str]

__all__ = [
    "VideoWriter",
    "contact_sheet",
    "first_frame",
    "frames",
    "join",
    "last_frame",
    "measure",
    "overview",
    "png",
    "poster",
]

_HD = 720
_FEW_PIXELS = 100_000_000
_CHANNELS = 3


def pyav() -> Any:
    """Return PyAV.

    Raises:
        BackendUnavailableError: If it is not installed.
    """
    try:
        import av
    except ImportError as error:
        msg = "reading and writing video files needs PyAV, which is not installed"
        raise BackendUnavailableError(
            msg, code="missing_extra", remedy='pip install "ttv-core[media]"'
        ) from error
    # Its log level stays None, as it is by default: with any other, FFmpeg's threads call into
    # Python, and closing a file while one of them waits for the GIL waits for ever (PyAV #751).
    return av


class VideoWriter:
    """Encode frames to H.264 (yuv420p, faststart) as they come.

    Args:
        path: File to write; replaced.
        width: Pixels, even.
        height: Pixels, even.
        fps: Frames per second.
        crf: Constant rate factor of x264: 0 is lossless, 18 looks it, 23 is x264's default.
        preset: Speed preset of x264.

    Raises:
        OutputError: If the file cannot be written; disk full is one such.
        GenerationFailedError: If a frame has another shape than announced.

    Example:
        >>> import numpy, tempfile, pathlib
        >>> from ttv_core.media import VideoWriter, measure
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "grey.mp4"
        >>> with VideoWriter(path, width=64, height=64, fps=24) as video:
        ...     for _ in range(12):
        ...         video.write(numpy.full((64, 64, 3), 128, dtype=numpy.uint8))
        >>> measure(path).num_frames
        12
    """

    def __init__(
        self,
        path: StrPath,
        *,
        width: int,
        height: int,
        fps: float,
        crf: int = 18,
        preset: str = "veryfast",
    ) -> None:
        self._av = pyav()
        self.path = Path(path)
        self.width = width
        self.height = height
        self.count = 0
        spaces = self._av.video.reformatter.Colorspace
        self._colorspace = spaces.ITU709 if is_hd(width, height) else spaces.ITU601
        try:
            self._container = self._av.open(
                str(path), "w", format="mp4", options={"movflags": "+faststart"}
            )
            rate = Fraction(fps).limit_denominator(100_000)
            self._stream = add_h264(self._container, (width, height), rate, crf=crf, preset=preset)
        except OSError as error:
            raise storage_error(error, self.path) from error

    def write(self, frame: Frame) -> None:
        """Encode one frame.

        Args:
            frame: uint8 array of shape (height, width, 3), RGB.
        """
        if frame.shape != (self.height, self.width, _CHANNELS) or str(frame.dtype) != "uint8":
            msg = (
                f"frame {self.count} is {frame.dtype} of shape {tuple(frame.shape)}, not uint8 of "
                f"shape {(self.height, self.width, _CHANNELS)}"
            )
            raise GenerationFailedError(msg, code="bad_frame", charged="no")
        picture = self._av.VideoFrame.from_ndarray(frame, format="rgb24")
        picture = picture.reformat(format="yuv420p", dst_colorspace=self._colorspace)
        picture.pts = self.count
        picture.time_base = 1 / self._stream.codec_context.framerate
        self._mux(picture)
        self.count += 1

    def _mux(self, picture: Any) -> None:
        try:
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        except OSError as error:
            raise storage_error(error, self.path) from error

    def close(self) -> None:
        """Finish the file."""
        self._mux(None)
        try:
            self._container.close()
        except OSError as error:
            raise storage_error(error, self.path) from error

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file; after an error, only let go of it."""
        if kind is None:
            self.close()
            return
        with contextlib.suppress(OSError, ValueError):  # the error on its way out says more
            self._container.close()


def is_hd(width: int, height: int) -> bool:
    """Tell whether players assume BT.709 for a size, as they do for HD, rather than BT.601."""
    return min(width, height) >= _HD


def add_h264(
    container: Any,
    size: tuple[int, int],
    rate: Fraction,
    *,
    crf: int = 18,
    preset: str = "veryfast",
) -> Any:
    """Add a stream of H.264 (yuv420p) to an open file, with its colours written down."""
    stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": preset})
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.color_range = 1  # limited, as yuv420p video is
    context.colorspace = context.color_primaries = context.color_trc = 1 if is_hd(*size) else 6
    return stream


def measure(path: StrPath) -> MediaInfo:
    """Decode a whole video and say what it is.

    A truncated file opens, and its header tells the full duration: only decoding to the end shows
    what is there.

    Args:
        path: The file.

    Raises:
        OutputError: If there is no such file.
        GenerationFailedError: If it is no video, or not a whole one.
    """
    with opened(path) as container:
        return _measured(container, Path(path))


@contextlib.contextmanager
def opened(path: StrPath) -> Iterator[av_types.container.InputContainer]:
    """Open a video; what is none, or not a whole one, is an error of ours while it is read too."""
    av = pyav()
    path = Path(path)
    if not path.is_file():
        msg = f"{path} is no file"
        raise OutputError(msg, code="missing")
    try:
        with path.open("rb") as file, av.open(file, "r") as container:
            yield container
    except (av.error.FFmpegError, OSError, IndexError) as error:
        reason = getattr(error, "strerror", None) or "it holds no video"
        msg = f"{path} is not a whole video: {reason}"
        raise GenerationFailedError(msg, code="bad_video") from error


def _measured(container: av_types.container.InputContainer, path: Path) -> MediaInfo:
    stream = container.streams.video[0]
    promised, count, end = stream.frames, 0, 0.0
    few = 0 < promised * stream.codec_context.width * stream.codec_context.height < _FEW_PIXELS
    stream.thread_type = "NONE" if few else "AUTO"  # threads of its own cost a short one more
    for frame in container.decode(stream):
        count += 1
        step = frame.duration or 0
        end = max(end, float(((frame.pts or 0) + step) * (frame.time_base or 0)))
    if count == 0 or (promised and count < promised):
        msg = f"{path} is not a whole video: {count} of {promised} frames can be decoded"
        raise GenerationFailedError(msg, code="bad_video")
    if stream.duration is not None and stream.time_base is not None:
        end = float(stream.duration * stream.time_base)
    fps = float(stream.average_rate or 0) or (count / end if end else 0.0)
    audio = container.streams.audio
    return MediaInfo(
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        duration=end,
        fps=fps,
        num_frames=count,
        video_codec=stream.codec_context.name,
        audio_codec=audio[0].codec_context.name if audio else None,
        size=path.stat().st_size,
        sha256=_sha256(path),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def frames(path: StrPath) -> Generator[Frame, None, None]:
    """Decode a video frame by frame.

    Args:
        path: The file.

    Yields:
        uint8 arrays of shape (height, width, 3), RGB.

    Raises:
        OutputError: If there is no such file.
        GenerationFailedError: If it is no video; if it is not a whole one, where it breaks off.
    """
    with opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            yield cast("Frame", frame.to_ndarray(format="rgb24"))


def first_frame(path: StrPath) -> Frame:
    """Return the first frame of a video: uint8, (height, width, 3), RGB.

    Raises:
        OutputError: If there is no such file.
        GenerationFailedError: If it is no video.
    """
    with contextlib.closing(frames(path)) as found:
        return _the(next(found, None), path)


def last_frame(path: StrPath) -> Frame:
    """Return the very last frame of a video: uint8, (height, width, 3), RGB.

    Raises:
        OutputError: If there is no such file.
        GenerationFailedError: If it is no video, or breaks off.
    """
    last = None
    for frame in frames(path):
        last = frame
    return _the(last, path)


def _the(frame: Frame | None, path: StrPath) -> Frame:
    if frame is None:
        msg = f"{path} has no frames"
        raise GenerationFailedError(msg, code="bad_video")
    return frame


def join(
    paths: Sequence[StrPath],
    target: StrPath,
    *,
    drop_boundary: bool = False,
    overwrite: bool = False,
) -> Joined:
    """Put videos one after another in one file.

    They are copied as they are where that gives a sound file: where codec, profile, pixel format,
    size, frame rate and the encoder's own parameters agree. Otherwise all are encoded anew, in the
    size and at the frame rate of the first; a picture of another shape gets black bars. Sound is
    cut or filled with silence to the length of its pictures, and encoded anew.

    Args:
        paths: The videos, in order.
        target: The file to write, an MP4.
        drop_boundary: Whether the first frame of each later video is left out: in a chain that is
            continued from a last frame, it shows that frame again. Such videos are encoded anew.
        overwrite: Whether a file that exists is replaced.

    Returns:
        The target, and whether and why it was encoded anew.

    Raises:
        OutputError: If a video is missing, or the target cannot be written.
        GenerationFailedError: If one is no video, or not a whole one.

    Example:
        >>> import numpy, tempfile, pathlib
        >>> from ttv_core.media import VideoWriter, join, measure
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("a.mp4", "b.mp4"):
        ...     with VideoWriter(folder / name, width=64, height=64, fps=24) as video:
        ...         for _ in range(12):
        ...             video.write(numpy.full((64, 64, 3), 128, dtype=numpy.uint8))
        >>> made = join([folder / "a.mp4", folder / "b.mp4"], folder / "ab.mp4")
        >>> measure(made.path).num_frames, made.reencoded
        (24, False)
    """
    from ttv_core.joining import join_videos

    files = [Path(path) for path in paths]
    return join_videos(files, Path(target), drop_boundary=drop_boundary, overwrite=overwrite)


def poster(path: StrPath, target: StrPath, *, at: float = 0.4) -> Path:
    """Write a still of a video as JPEG.

    Args:
        path: The video.
        target: Where the still goes; replaced.
        at: Where in the video, 0 to 1.

    Returns:
        The target.
    """
    return write_jpeg(_pick(path, [at])[0], target)


def contact_sheet(path: StrPath, target: StrPath, *, columns: int = 4, rows: int = 2) -> Path:
    """Write a grid of stills, evenly spread over a video, as JPEG.

    Args:
        path: The video.
        target: Where the picture goes; replaced.
        columns: Stills beside each other.
        rows: Rows of stills.

    Returns:
        The target.
    """
    import numpy as np

    count = columns * rows
    stills = _pick(path, [(i + 0.5) / count for i in range(count)])
    lines = [np.concatenate(stills[i * columns : (i + 1) * columns], axis=1) for i in range(rows)]
    sheet = np.concatenate(lines, axis=0)
    return write_jpeg(sheet[: sheet.shape[0] // 2 * 2, : sheet.shape[1] // 2 * 2], target)


def overview(
    videos: Sequence[StrPath],
    target: StrPath,
    *,
    columns: int = 4,
    width: int = 320,
    height: int = 180,
) -> Path:
    """Write a grid with one still of each of several videos, as JPEG.

    Args:
        videos: The videos, of whatever shape; each is fitted into its field.
        target: Where the picture goes; replaced.
        columns: Stills beside each other.
        width: Pixels of a field; even.
        height: Likewise.

    Returns:
        The target.
    """
    import numpy as np

    columns = min(columns, len(videos))
    sheet = np.zeros((-(-len(videos) // columns) * height, columns * width, 3), np.uint8)
    for i, path in enumerate(videos):
        still = _fitted(_pick(path, [0.4])[0], width, height)
        top = i // columns * height + (height - still.shape[0]) // 2
        left = i % columns * width + (width - still.shape[1]) // 2
        sheet[top : top + still.shape[0], left : left + still.shape[1]] = still
    return write_jpeg(sheet, target)


def _fitted(frame: Frame, width: int, height: int) -> Frame:
    scale = min(width / frame.shape[1], height / frame.shape[0])
    edges = [max(2, int(edge * scale) // 2 * 2) for edge in (frame.shape[1], frame.shape[0])]
    picture = pyav().VideoFrame.from_ndarray(frame, format="rgb24")
    small: Frame = picture.reformat(width=edges[0], height=edges[1]).to_ndarray(format="rgb24")
    return small


def _pick(path: StrPath, places: Sequence[float]) -> list[Frame]:
    total = max(measure(path).num_frames, 1)
    wanted = [min(int(place * total), total - 1) for place in places]
    found = {i: frame for i, frame in enumerate(frames(path)) if i in set(wanted)}
    return [found[i] for i in wanted]


def png(frame: Frame) -> bytes:
    r"""Return one frame as a PNG, without loss: to go on from it with another video, say.

    Args:
        frame: uint8 array of shape (height, width, 3), RGB.

    Example:
        >>> import numpy
        >>> from ttv_core.media import png
        >>> png(numpy.zeros((36, 64, 3), dtype=numpy.uint8))[:4]
        b'\x89PNG'
    """
    av = pyav()
    import numpy as np

    encoder = av.CodecContext.create("png", "w")
    encoder.height, encoder.width = frame.shape[:2]
    encoder.pix_fmt = "rgb24"
    encoder.time_base = Fraction(1, 1)
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
    packets = (*encoder.encode(picture), *encoder.encode(None))
    return b"".join(bytes(packet) for packet in packets)


def write_jpeg(frame: Frame, target: StrPath) -> Path:
    """Write one frame as a JPEG.

    Args:
        frame: uint8 array of shape (height, width, 3), RGB.
        target: Where it goes; replaced.

    Returns:
        The target.

    Raises:
        OutputError: If it cannot be written.
    """
    av = pyav()
    import numpy as np

    try:
        with av.open(str(target), "w", format="image2", options={"update": "1"}) as container:
            stream = container.add_stream("mjpeg", rate=1, options={"qmin": "2", "qmax": "4"})
            stream.height, stream.width = frame.shape[:2]
            stream.pix_fmt = "yuvj420p"
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            for packet in (*stream.encode(picture), *stream.encode(None)):
                container.mux(packet)
    except OSError as error:
        raise storage_error(error, Path(target)) from error
    return Path(target)
