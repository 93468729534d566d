"""Joining: copied exactly where that is sound, encoded anew elsewhere, and never a broken file."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest
from films import SAMPLES, levels_of, moments_of, pitch_of, sound_of, write_film

from ttv_core import GenerationFailedError, OutputError
from ttv_core.media import first_frame, frames, join, last_frame, measure

GREYS = [20 + 12 * i for i in range(9)]


def same(found, wanted, within=3.0):
    return (
        len(found) == len(wanted)
        and max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= within
    )


def even(moments, fps):
    steps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    return moments[0] == 0 and max(abs(step - 1 / fps) for step in steps) < 1e-3


@pytest.mark.parametrize("fps", [16, 24, 30])
def test_equal_videos_are_copied_frame_by_frame(tmp_path, fps):
    parts = [write_film(tmp_path / f"{i}.mp4", GREYS[i:], fps=fps) for i in range(3)]
    made = join(parts, tmp_path / "all.mp4")
    assert (made.path, made.reencoded, made.reason) == (tmp_path / "all.mp4", False, "")
    before = [frame for part in parts for frame in frames(part)]
    after = list(frames(made.path))
    assert len(after) == len(before) == 24
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert even(moments_of(made.path), fps)
    assert measure(made.path).duration == pytest.approx(24 / fps, abs=1e-3)


def test_one_video_is_copied(tmp_path):
    part = write_film(tmp_path / "a.mp4", GREYS)
    assert levels_of(join([part], tmp_path / "b.mp4").path) == levels_of(part)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"preset": "slow"}, "encoder's parameters"),
        ({"codec": "mpeg4"}, "codec of a.mp4 and b.mp4 differ: h264 and mpeg4"),
        ({"profile": "baseline"}, "profile"),
        ({"pix_fmt": "yuv444p"}, "profile"),
        ({"size": (96, 48)}, "size of a.mp4 and b.mp4 differ: 64x48 and 96x48"),
        ({"fps": 30}, "fps of a.mp4 and b.mp4 differ: 24 and 30"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_copied_is_encoded_anew_and_plays(tmp_path, other, said):
    one = write_film(tmp_path / "a.mp4", GREYS)
    two = write_film(tmp_path / "b.mp4", [200] * 9, **other)
    made = join([one, two], tmp_path / "c.mp4")
    assert made.reencoded
    assert said in made.reason
    info = measure(made.path)
    assert (info.width, info.height, info.fps, info.video_codec) == (64, 48, 24, "h264")
    assert even(moments_of(made.path), 24)
    found = levels_of(made.path)
    assert same(found[:9], levels_of(one))
    assert len(found) == (16 if "fps" in other else 18)


def test_a_picture_of_another_shape_gets_bars_and_is_not_stretched(tmp_path):
    one = write_film(tmp_path / "a.mp4", GREYS, size=(96, 48))
    two = write_film(tmp_path / "b.mp4", [200] * 3, size=(48, 48))
    picture = last_frame(join([one, two], tmp_path / "c.mp4").path)
    assert picture[:, :20].mean() < 8
    assert picture[:, -20:].mean() < 8
    assert abs(picture[:, 30:66].mean() - 200) < 6


def test_a_slower_video_shows_its_frames_longer(tmp_path):
    one = write_film(tmp_path / "a.mp4", [20] * 4, fps=24)
    two = write_film(tmp_path / "b.mp4", [60, 120, 180], fps=12)
    found = levels_of(join([one, two], tmp_path / "c.mp4").path)
    shown = levels_of(two)
    assert same(found[4:], [level for level in shown for _ in (1, 2)])


def test_frame_times_that_vary_are_kept_in_a_copy_and_evened_out_otherwise(tmp_path):
    times = [0, 1 / 24, 4 / 24, 5 / 24, 9 / 24]
    part = write_film(tmp_path / "a.mp4", GREYS[:5], times=times)
    alone = join([part], tmp_path / "b.mp4")
    assert moments_of(alone.path) == pytest.approx(times, abs=1e-3)
    steady = write_film(tmp_path / "c.mp4", [250] * 4, fps=24)
    made = join([steady, part], tmp_path / "d.mp4")
    assert made.reencoded
    greys = levels_of(part)
    shown = [greys[i] for i, long in enumerate((1, 3, 1, 4)) for _ in range(long)]
    assert same(levels_of(made.path)[4:13], shown)


def test_the_repeated_frame_of_a_chain_is_left_out(tmp_path):
    one = write_film(tmp_path / "a.mp4", GREYS[:5])
    two = write_film(tmp_path / "b.mp4", GREYS[4:])
    assert len(levels_of(join([one, two], tmp_path / "c.mp4").path)) == 10
    made = join([one, two], tmp_path / "d.mp4", drop_boundary=True)
    assert made.reencoded
    whole = write_film(tmp_path / "whole.mp4", GREYS)
    assert same(levels_of(made.path), levels_of(whole))


def test_sound_is_cut_and_filled_to_the_length_of_the_pictures(tmp_path):
    one = write_film(tmp_path / "a.mp4", GREYS[:6] * 4, sound=1.5, pitch=440)
    two = write_film(tmp_path / "b.mp4", GREYS[:6] * 4)
    three = write_film(tmp_path / "c.mp4", GREYS[:6] * 4, sound=1.0, pitch=880)
    made = join([one, two, three], tmp_path / "d.mp4")
    assert not made.reencoded
    heard = sound_of(made.path)
    assert len(heard) / SAMPLES == pytest.approx(3, abs=0.03)
    pitches = [pitch_of(heard[SAMPLES * i + 4800 : SAMPLES * (i + 1) - 4800]) for i in range(3)]
    assert pitches[0] == pytest.approx(440, abs=3)
    assert pitches[1] == 0
    assert pitches[2] == pytest.approx(880, abs=3)
    assert measure(made.path).duration == pytest.approx(3, abs=1e-3)


def test_sound_stays_with_its_pictures_when_a_frame_is_left_out(tmp_path):
    one = write_film(tmp_path / "a.mp4", GREYS[:6] * 4, sound=1.0, pitch=440)
    two = write_film(tmp_path / "b.mp4", GREYS[:6] * 4, sound=0.5, pitch=880, preset="slow")
    heard = sound_of(join([one, two], tmp_path / "c.mp4", drop_boundary=True).path)
    loud = np.abs(heard) > 0.2
    assert np.flatnonzero(loud)[-1] / SAMPLES == pytest.approx(1.5 - 1 / 24, abs=0.02)
    assert len(heard) / SAMPLES == pytest.approx(2 - 1 / 24, abs=0.03)


def test_the_copy_plays_whole_where_a_naive_one_breaks_off(tmp_path):
    """The parameter sets of another preset decode the first part and break on the second."""
    parts = [
        write_film(tmp_path / f"{preset}.mp4", GREYS, preset=preset)
        for preset in ("veryfast", "slow", "veryfast")
    ]
    made = join(parts, tmp_path / "all.mp4")
    assert same(levels_of(made.path), [level for part in parts for level in levels_of(part)])


def test_a_target_is_replaced_only_when_asked_and_may_be_one_of_the_parts(tmp_path):
    part = write_film(tmp_path / "a.mp4", GREYS)
    with pytest.raises(OutputError, match="exists"):
        join([part, part], part)
    assert len(levels_of(part)) == 9
    join([part, part], part, overwrite=True)
    assert len(levels_of(part)) == 18
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_part_that_breaks_off_is_told_and_nothing_is_written(tmp_path, part):
    good = write_film(tmp_path / "a.mp4", GREYS)
    bad = tmp_path / "b.mp4"
    noise = np.random.default_rng(0)
    write_film(bad, noise.integers(0, 256, 40), movflags="faststart")
    data = bad.read_bytes()
    bad.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(GenerationFailedError, match="not a whole video"):
        join([good, bad], tmp_path / "c.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_a_part_that_players_turn_is_refused_rather_than_laid_on_its_side(tmp_path):
    path = write_film(tmp_path / "phone.mp4", GREYS)
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44
    turned = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    data[start : start + len(turned)] = turned
    path.write_bytes(data)
    with pytest.raises(GenerationFailedError, match="is to be turned by 90°"):
        join([path, path], tmp_path / "c.mp4")
    assert [each.name for each in tmp_path.iterdir()] == ["phone.mp4"]


def test_a_missing_part_is_told(tmp_path):
    with pytest.raises(OutputError, match="is no file"):
        join([tmp_path / "none.mp4"], tmp_path / "c.mp4")


def test_nothing_cannot_be_joined(tmp_path):
    with pytest.raises(ValueError, match="nothing to join"):
        join([], tmp_path / "c.mp4")


@pytest.mark.parametrize("fps", [8, 16, 24, 30, 60])
@pytest.mark.parametrize("sound", [None, 1.6], ids=["silent", "longer sound"])
def test_the_first_and_the_very_last_frame_at_any_rate(tmp_path, fps, sound):
    path = write_film(tmp_path / "v.mp4", range(10, 10 + 3 * fps // 2 * 2, 2), fps=fps, sound=sound)
    greys = levels_of(path)
    for picture, grey in ((first_frame(path), greys[0]), (last_frame(path), greys[-1])):
        assert abs(float(picture.mean()) - grey) < 1.5


def test_the_very_last_frame_where_frame_times_vary(tmp_path):
    times = [0, 0.01, 0.4, 0.41, 0.42, 2.0, 2.001]
    path = write_film(tmp_path / "v.mp4", GREYS[:7], times=times)
    assert len(levels_of(path)) == 7
    assert abs(float(last_frame(path).mean()) - GREYS[6]) < 2.5
    assert abs(float(first_frame(path).mean()) - GREYS[0]) < 2.5
