"""Put videos one after another: copied as they are where that is sound, encoded anew elsewhere.

Copying what does not fit together gives a file that breaks off at the joint, or plays at a wrong
speed, without a word from any tool: so everything that must agree is compared first.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ttv_core.errors import GenerationFailedError
from ttv_core.media import add_h264, is_hd, measure, opened, pyav
from ttv_core.output import PendingFile, storage_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Joined", "join_videos"]

_NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Joined:
    """Videos that were put together.

    Attributes:
        path: The file.
        reencoded: Whether the pictures were encoded anew.
        reason: Why they had to be; "" where they were copied.
    """

    path: Path
    reencoded: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Clip:
    """What is known of a video without decoding it.

    Attributes:
        path: The file.
        traits: What must agree for copying, in words.
        times: Presentation, decoding and length of every packet, in ticks.
        whole: Whether its packets can be copied: they begin with a key frame, all have their
            times, and none is to be left out.
        tick: Seconds.
        sound: Samples a second and layout, or None.
    """

    path: Path
    traits: Mapping[str, Any]
    times: Sequence[tuple[int, int, int]]
    whole: bool
    tick: Fraction
    sound: tuple[int, str] | None

    @property
    def start(self) -> int:
        """The moment its first picture is shown, in ticks."""
        return min(shown for shown, _, _ in self.times)

    @property
    def ticks(self) -> int:
        """How long its pictures last, in ticks."""
        return max(shown + length for shown, _, length in self.times) - self.start


def join_videos(
    paths: Sequence[Path], target: Path, *, drop_boundary: bool, overwrite: bool
) -> Joined:
    """Put videos one after another; see `ttv_core.media.join`."""
    if not paths:
        msg = "there is nothing to join"
        raise ValueError(msg)
    clips = [_inspected(path) for path in paths]
    reason = _obstacle(clips, drop_boundary=drop_boundary)
    with PendingFile(target, overwrite=overwrite) as pending:
        try:
            with pyav().open(
                str(pending.path), "w", format="mp4", options={"movflags": "+faststart"}
            ) as output:
                sink = _Output(output, target)
                sound = _Sound.of(clips, sink)
                if reason:
                    count = _encode(clips, sink, sound, drop_boundary=drop_boundary)
                else:
                    count = _copy(clips, sink, sound)
        except OSError as error:
            raise storage_error(error, target) from error
        found = measure(pending.path).num_frames
        if found != count:
            msg = f"{target} came out with {found} frames, not {count}"
            raise GenerationFailedError(msg, code="bad_video", charged="no")
        pending.publish()
    return Joined(target, bool(reason), reason)


def _check_upright(path: Path) -> None:
    """Refuse a video that players turn, as those of phones: what is written here says no such."""
    with opened(path) as container:
        first = next(container.decode(video=0), None)
        if first is not None and first.rotation:
            msg = f"{path} is to be turned by {abs(first.rotation)}° when it is shown"
            remedy = "turn its pictures themselves, with any editor, before it is joined"
            raise GenerationFailedError(msg, code="turned", remedy=remedy, charged="no")


def _inspected(path: Path) -> _Clip:
    _check_upright(path)
    with opened(path) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        traits = _traits(stream)
        times = [
            (packet.pts, packet.dts, packet.duration or 0)
            for packet in packets
            if packet.pts is not None and packet.dts is not None
        ]
        timed = len(times) == len(packets) and all(length for _, _, length in times)
        kept = not any(packet.is_discard or packet.is_corrupt for packet in packets)
        tick = stream.time_base
        heard = [(s.rate, s.layout.name) for s in container.streams.audio[:1]]
        if not times or not tick:
            msg = f"{path} has no frames"
            raise GenerationFailedError(msg, code="bad_video")
        whole = timed and kept and packets[0].is_keyframe
        return _Clip(path, traits, times, whole, tick, heard[0] if heard else None)


def _traits(stream: Any) -> dict[str, Any]:
    context = stream.codec_context
    return {
        "codec": context.name,
        "profile": context.profile,
        "pixel format": context.pix_fmt,
        "size": f"{context.width}x{context.height}",
        "fps": _exact(stream.average_rate),
        "clock": _exact(stream.time_base),
        "shape of the pixels": _exact(context.sample_aspect_ratio),
        "colours": (context.color_range, context.colorspace, context.color_trc),
        "encoder's parameters": bytes(context.extradata or b""),
    }


def _exact(value: Any) -> Fraction | None:
    """Return a rate; PyAV 19 has a kind of its own for them, which reads otherwise."""
    return Fraction(value.numerator, value.denominator) if value else None


def _obstacle(clips: Sequence[_Clip], *, drop_boundary: bool) -> str:
    """Say why the packets cannot be copied; "" if they can."""
    if drop_boundary and len(clips) > 1:
        return "the repeated frames are left out"
    first = clips[0]
    for clip in clips:
        for name, value in first.traits.items():
            other = clip.traits[name]
            if other != value:
                shown = "" if isinstance(value, bytes) else f": {value} and {other}"
                return f"{name} of {first.path.name} and {clip.path.name} differ{shown}"
        if not clip.whole:
            return f"{clip.path.name} cannot be cut at its ends without decoding it"
    decoded = [when for clip, base in _placed(clips) for _, when, _ in _moved(clip, base)]
    if any(later <= earlier for earlier, later in itertools.pairwise(decoded)):
        return "the videos would overlap where they meet"
    return ""


def _placed(clips: Sequence[_Clip]) -> Iterator[tuple[_Clip, int]]:
    """Yield each clip and the tick at which it begins; they have one clock."""
    base = 0
    for clip in clips:
        yield clip, base
        base += clip.ticks


def _moved(clip: _Clip, base: int) -> Iterator[tuple[int, int, int]]:
    shift = base - clip.start
    return ((shown + shift, when + shift, length) for shown, when, length in clip.times)


def _copy(clips: Sequence[_Clip], output: _Output, sound: _Sound | None) -> int:
    """Copy the packets; return how many."""
    stream = None
    for clip, base in _placed(clips):
        with opened(clip.path) as container:
            source = container.streams.video[0]
            if stream is None:
                stream = output.container.add_stream_from_template(source)
                stream.time_base = clip.tick
            packets = (packet for packet in container.demux(source) if packet.size)
            for packet, (shown, when, _) in zip(packets, _moved(clip, base), strict=True):
                packet.pts, packet.dts = shown, when
                packet.stream = stream
                output.mux(packet)
        if sound is not None:
            sound.fill(clip, until=(base + clip.ticks) * clip.tick)
    if sound is not None:
        sound.finish()
    return sum(len(clip.times) for clip in clips)


def _encode(
    clips: Sequence[_Clip], output: _Output, sound: _Sound | None, *, drop_boundary: bool
) -> int:
    """Encode the pictures anew, like the first clip's; return how many."""
    traits = clips[0].traits
    width, height = (int(edge) // 2 * 2 for edge in traits["size"].split("x"))
    rate = Fraction(traits["fps"] or 24)
    stream = add_h264(output.container, (width, height), rate)
    count = 0
    for number, clip in enumerate(clips):
        dropped = int(drop_boundary and number > 0)
        for picture in _fitted(clip, (width, height), rate, skip=dropped):
            picture.pts, picture.time_base = count, 1 / rate
            output.mux(stream.encode(picture))
            count += 1
        if sound is not None:
            left_out = dropped / Fraction(clip.traits["fps"] or rate)
            sound.fill(clip, until=count / rate, skip=left_out)
    output.mux(stream.encode(None))
    if sound is not None:
        sound.finish()
    return count


def _fitted(clip: _Clip, size: tuple[int, int], rate: Fraction, *, skip: int) -> Iterator[Any]:
    """Decode a clip into pictures of one size at one rate."""
    width, height = size
    graph = None
    with opened(clip.path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for picture in itertools.islice(container.decode(stream), skip, None):
            if graph is None:
                graph = _graph(stream, width, height, rate)
            graph.push(picture)
            yield from _pulled(graph)
        if graph is not None:
            graph.push(None)
            yield from _pulled(graph)


def _graph(stream: Any, width: int, height: int, rate: Fraction) -> Any:
    """Return a filter that scales to fit, adds black bars and keeps the rate."""
    av = pyav()
    graph = av.filter.Graph()
    matrix = "bt709" if is_hd(width, height) else "smpte170m"
    fit = f"w={width}:h={height}:force_original_aspect_ratio=decrease"
    steps = [
        ("setpts", "PTS-STARTPTS"),
        ("fps", f"{rate.numerator}/{rate.denominator}"),
        ("scale", f"{fit}:flags=lanczos:out_color_matrix={matrix}:out_range=tv"),
        ("pad", f"{width}:{height}:-1:-1"),
        ("setsar", "1"),
        ("format", "pix_fmts=yuv420p"),
    ]
    nodes = [graph.add_buffer(template=stream)]
    nodes += [graph.add(name, setting) for name, setting in steps]
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    return graph


def _pulled(graph: Any) -> Iterator[Any]:
    av = pyav()
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


class _Output:
    """The file that is written."""

    def __init__(self, container: Any, target: Path) -> None:
        self.container = container
        self._target = target

    def mux(self, packets: Any) -> None:
        """Write packets; raise an error of the file's own, not of the video that is read."""
        try:
            self.container.mux(packets)
        except OSError as error:
            raise storage_error(error, self._target) from error


class _Sound:
    """The sound of the whole: clip by clip as long as the pictures, silent where there is none."""

    def __init__(self, output: _Output, rate: int, layout: str) -> None:
        av = pyav()
        self._output = output
        self._rate, self._layout = rate, layout
        self._stream = output.container.add_stream("aac", rate=rate, layout=layout)
        self._channels = self._stream.codec_context.layout.nb_channels
        self._fifo = av.AudioFifo()
        self._count = 0

    @classmethod
    def of(cls, clips: Sequence[_Clip], output: _Output) -> _Sound | None:
        """Return the sound as the first clip that has any has it; None where none has."""
        found = next((clip.sound for clip in clips if clip.sound is not None), None)
        return None if found is None else cls(output, *found)

    def fill(self, clip: _Clip, *, until: Fraction, skip: Fraction = _NONE) -> None:
        """Write a clip's sound, up to a moment of the whole, in seconds.

        Args:
            clip: The clip.
            until: When its pictures end.
            skip: Seconds of it that are left out at its beginning.
        """
        import numpy as np

        missing = round(until * self._rate) - self._count
        for samples in self._samples(clip, skip):
            part = samples[:, : max(missing, 0)]
            self._write(part)
            missing -= part.shape[1]
        if missing > 0:
            self._write(np.zeros((self._channels, missing), np.float32))

    def _samples(self, clip: _Clip, skip: Fraction) -> Iterator[Any]:
        """Decode a clip's sound from where its pictures begin."""
        import numpy as np

        if clip.sound is None:
            return
        resampler = pyav().AudioResampler("fltp", self._layout, self._rate)
        begin = clip.start * clip.tick + skip
        lead: int | None = None
        with opened(clip.path) as container:
            for heard in itertools.chain(container.decode(container.streams.audio[0]), (None,)):
                if lead is None and heard is not None:
                    moment = (heard.pts or 0) * (heard.time_base or _NONE)
                    lead = round((moment - begin) * self._rate)
                    yield np.zeros((self._channels, max(lead, 0)), np.float32)
                for frame in resampler.resample(heard):
                    samples = frame.to_ndarray()
                    early = min(max(-(lead or 0), 0), samples.shape[1])
                    lead = (lead or 0) + early
                    yield samples[:, early:]

    def _write(self, samples: Any) -> None:
        if not samples.shape[1]:
            return
        frame = pyav().AudioFrame.from_ndarray(samples.copy(), "fltp", self._layout)
        frame.sample_rate, frame.pts = self._rate, self._count
        frame.time_base = Fraction(1, self._rate)
        self._count += samples.shape[1]
        self._fifo.write(frame)
        self._encode(partial=False)

    def finish(self) -> None:
        """Write what is left."""
        self._encode(partial=True)
        self._output.mux(self._stream.encode(None))

    def _encode(self, *, partial: bool) -> None:
        size = self._stream.codec_context.frame_size or 1024
        while (part := self._fifo.read(size, partial)) is not None:
            self._output.mux(self._stream.encode(part))
