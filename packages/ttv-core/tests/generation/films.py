"""Video files of any kind, made with PyAV: other frame times, sound, other encoders."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

TICKS = 12_000
SAMPLES = 48_000


def write_film(
    path,
    levels,
    *,
    fps=24,
    size=(64, 48),
    times=None,
    sound=None,
    pitch=440,
    codec="libx264",
    pix_fmt="yuv420p",
    **options,
):
    """Write grey frames of these levels.

    Args:
        path: The file.
        levels: Grey of each frame, 0 to 255.
        fps: Frames per second.
        size: Width and height.
        times: Seconds at which each frame is shown, for a frame rate that varies.
        sound: Seconds of sound; None for none.
        pitch: Hertz of the sound.
        codec: The encoder.
        pix_fmt: Its pixel format.
        **options: Its options.
    """
    usual = {"crf": "8", "preset": "veryfast"} if codec == "libx264" else {}
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream(codec, rate=Fraction(fps), options=usual | options)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        if times is not None:
            stream.codec_context.time_base = Fraction(1, TICKS)
        heard = output.add_stream("aac", rate=SAMPLES, layout="mono") if sound else None
        for number, level in enumerate(levels):
            plane = np.full((size[1], size[0], 3), level, np.uint8)
            frame = av.VideoFrame.from_ndarray(plane, format="rgb24")
            frame.pts = number if times is None else round(times[number] * TICKS)
            frame.time_base = 1 / Fraction(fps) if times is None else Fraction(1, TICKS)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if heard is not None:
            _write_tone(output, heard, sound, pitch)
    return path


def _write_tone(output, stream, seconds, pitch):
    moments = np.arange(round(seconds * SAMPLES)) / SAMPLES
    tone = (0.5 * np.sin(2 * np.pi * pitch * moments)).astype(np.float32)
    for start in range(0, len(tone), 1024):
        part = tone[None, start : start + 1024]
        frame = av.AudioFrame.from_ndarray(part.copy(), "fltp", "mono")
        frame.sample_rate, frame.pts = SAMPLES, start
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def levels_of(path):
    """Return the mean luma of every frame, as grey from 0 to 255."""
    with av.open(str(path)) as container:
        planes = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [float(plane.mean()) for plane in planes]


def moments_of(path):
    """Return when each frame is shown, in seconds."""
    with av.open(str(path)) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]


def sound_of(path):
    """Return the sound of a file as one channel of samples."""
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(parts)


def pitch_of(samples):
    """Return the loudest frequency in Hertz; 0 for silence."""
    if np.abs(samples).max() < 0.01:
        return 0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return round(float(spectrum.argmax()) * SAMPLES / len(samples))
