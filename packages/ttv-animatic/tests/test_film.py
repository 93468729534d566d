"""The whole way from a brief to frames."""

import hashlib
import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from ttv_animatic import camera, scene, stills
from ttv_animatic.film import Brief, render, storyboard
from ttv_animatic.scenery import COMPOSITIONS

STORY = "A red fox runs through snow at dawn. It stops by a frozen river. Stars come out."


def brief(prompt=STORY, width=160, height=90, num_frames=12, **fields):
    return Brief(
        prompt, width, height, fields.pop("fps", 24), num_frames, fields.pop("seed", 1), **fields
    )


def film(*args, **fields):
    return list(render(storyboard(brief(*args, **fields))))


def digest(frames):
    return hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest()


def gradient(width=200, height=140):
    ys, xs = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([xs % 256, ys % 256, (xs + ys) % 256], 2).astype(np.uint8))


@pytest.mark.parametrize("size", [(64, 64), (64, 256), (256, 64), (108, 192), (320, 240)])
@pytest.mark.parametrize("num_frames", [1, 2, 5, 30])
def test_frames_are_as_many_and_as_large_as_asked(size, num_frames):
    frames = film(width=size[0], height=size[1], num_frames=num_frames)
    assert len(frames) == num_frames
    for frame in frames:
        assert frame.shape == (size[1], size[0], 3)
        assert frame.dtype == np.uint8
        assert frame.flags.c_contiguous


@pytest.mark.parametrize("fps", [8, 23.976, 60])
def test_any_frame_rate_gives_the_exact_count(fps):
    assert len(film(fps=fps, num_frames=49)) == 49


def test_equal_briefs_give_equal_bytes_in_any_process():
    program = (
        "import hashlib\nfrom ttv_animatic.film import *\n"
        f"b = Brief({STORY!r}, 160, 90, 24, 12, 1)\n"
        "print(hashlib.sha256(b''.join(f.tobytes() for f in render(storyboard(b)))).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)}
    other = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert digest(film()) == digest(film()) == other.stdout.strip()


def test_seeds_differ_visibly_and_zero_is_one():
    first = [film("mountain lake", seed=seed, captions=False)[6].astype(int) for seed in (0, 1, 2)]
    assert np.abs(first[0] - first[1]).mean() > 4
    assert np.abs(first[1] - first[2]).mean() > 4


def test_words_decide_composition_and_light():
    def shown(prompt):
        return storyboard(brief(prompt)).shots[0].composition

    assert shown("calm sea at sunset") == "sea"
    assert shown("neon city at night") == "city"
    assert shown("nothing in particular") == "abstract"
    night, noon = (film(f"mountains at {t}", captions=False)[5].mean() for t in ("night", "noon"))
    assert noon > night + 60


def test_unknown_words_still_make_different_pictures():
    one, two = (film(p, captions=False)[5].astype(int) for p in ("pure thought", "inner doubt"))
    assert np.abs(one - two).mean() > 4


def test_sentences_become_shots_with_cuts():
    board = storyboard(brief(num_frames=144))
    assert [shot.text for shot in board.shots] == [
        "A red fox runs through snow at dawn.",
        "It stops by a frozen river.",
        "Stars come out.",
    ]
    assert board.shots[0].start == 0
    assert board.shots[-1].end == 144
    assert all(a.end == b.start for a, b in pairwise(board.shots))
    assert len(storyboard(brief(num_frames=2)).shots) == 1


def test_a_cut_changes_the_picture_at_once():
    board = storyboard(brief("The sea at noon. The city at night.", num_frames=96, captions=False))
    cut = board.shots[1].start
    board = replace(board, shots=(board.shots[0], replace(board.shots[1], dissolve=0)))
    frames = [frame.astype(int) for frame in render(board)]
    steps = [np.abs(b - a).mean() for a, b in pairwise(frames)]
    assert int(np.argmax(steps)) == cut - 1
    assert max(steps) > 8 * sorted(steps)[-2]


def test_a_dissolve_has_no_jump():
    board = storyboard(brief("The sea at noon. The city at night.", num_frames=96, captions=False))
    board = replace(board, shots=(board.shots[0], replace(board.shots[1], dissolve=8)))
    frames = [frame.astype(int) for frame in render(board)]
    assert len(frames) == 96
    steps = [np.abs(b - a).mean() for a, b in pairwise(frames)]
    whole = np.abs(frames[0] - frames[-1]).mean()
    assert max(steps) < 0.3 * whole


def test_the_plan_can_be_printed_and_written_as_json():
    board = storyboard(brief())
    plan = json.loads(json.dumps(board.summary()))
    assert plan["num_frames"] == 12
    assert [(shot["start"], shot["end"]) for shot in plan["shots"]] == [(0, 12)]
    assert plan["shots"][0]["palette"][0].startswith("#")
    assert "1/1" in str(board)


def test_now_and_then_a_cut_is_a_dissolve_shorter_than_its_shots():
    kinds = set()
    for seed in range(12):
        for shot in storyboard(brief(num_frames=144, seed=seed)).shots[1:]:
            kinds.add(shot.dissolve)
            assert shot.dissolve < shot.end - shot.start
    assert kinds == {0, 8}
    assert {shot.dissolve for shot in storyboard(brief(num_frames=75)).shots} == {0}


def test_captions_can_be_left_out():
    told, bare = film(num_frames=1)[0], film(num_frames=1, captions=False)[0]
    assert np.abs(told.astype(int) - bare).max() > 60
    assert np.array_equal(told[:20], bare[:20])


def test_a_single_frame_shows_its_type():
    one = film("word", num_frames=1)[0].astype(int)
    bare = film("word", num_frames=1, captions=False)[0].astype(int)
    assert np.abs(one - bare).max() > 60


def test_the_slate_shows_only_where_it_can_be_read():
    def corner(height):
        frames = film("sea at noon", width=480, height=height, num_frames=3, captions=False)
        return frames[0][: height // 6].astype(int), frames[2][: height // 6].astype(int)

    small = np.abs(np.subtract(*corner(238)))
    large = np.abs(np.subtract(*corner(240)))
    assert large.max() > small.max() + 20  # the timecode counts


@pytest.mark.parametrize("place", sorted(COMPOSITIONS))
@pytest.mark.parametrize("move", ["truck left", "tilt up", "pull out", "shake", "orbit right"])
def test_no_layer_ever_shows_its_edge(place, move, monkeypatch):
    monkeypatch.setattr(scene, "_BARE", (255, 0, 255))
    prompt = f"{place} at noon in the rain"
    board = storyboard(brief(prompt, num_frames=48, camera_moves=(move,), captions=False))
    shot = board.shots[0]
    taken = scene.Composed(
        (160, 90), replace(shot.mood, place=place), shot.palette, camera.Path(shot.moves, 1), 2, 1
    )
    for progress in (0, 0.25, 0.5, 1):
        pixels = np.asarray(taken.picture(progress, progress * 2)).astype(int)
        bare = (pixels == (255, 0, 255)).all(axis=2)
        assert not bare.any()


@pytest.mark.parametrize(
    ("move", "axis", "sign"),
    [
        ("pan left", 1, 1),
        ("pan right", 1, -1),
        ("truck left", 1, 1),
        ("truck right", 1, -1),
        ("tracking", 1, -1),
        ("tilt up", 0, 1),
        ("tilt down", 0, -1),
        ("pedestal up", 0, 1),
    ],
)
def test_named_moves_are_seen_in_composed_scenes_too(move, axis, sign):
    frames = film(
        "mountains at noon", camera_moves=(move,), captions=False, num_frames=24, width=256
    )
    # Edges only, faded out at the frame's rim: smooth sky and wrapping say nothing.
    window = np.outer(np.hanning(88), np.hanning(254))
    edges = [np.diff(f.mean(axis=2), 2, axis=axis)[:88, :254] for f in (frames[6], frames[17])]
    start, end = (np.fft.fft2(part * window) for part in edges)
    cross = np.fft.ifft2(end * start.conj()).real
    shift = np.unravel_index(int(cross.argmax()), cross.shape)[axis]
    size = cross.shape[axis]
    moved = (shift + size // 2) % size - size // 2
    assert moved * sign > 0


def test_pushing_in_makes_a_composed_scene_larger():
    frames = film(
        "mountains at noon", camera_moves=("zoom in",), captions=False, width=256, height=200
    )
    first = Image.fromarray(frames[0])
    last = frames[-1].astype(int)
    closer = first.resize(first.size, Image.Resampling.BICUBIC, box=(21, 16, 235, 184))
    assert np.abs(np.asarray(closer) - last).mean() < 0.5 * np.abs(np.asarray(first) - last).mean()


def test_memory_does_not_grow_with_the_clip():
    def peak(num_frames):
        frames = render(storyboard(brief("calm sea", width=320, height=180, num_frames=num_frames)))
        tracemalloc.start()
        for _ in frames:
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)  # fills the caches
    assert peak(100) < peak(10) + 320 * 180 * 3 * 4


def test_frames_are_made_one_by_one():
    frames = render(storyboard(brief(num_frames=100_000)))
    assert next(frames).shape == (90, 160, 3)


def test_the_first_frame_of_a_still_shot_is_the_picture():
    picture = gradient(320, 180)
    frames = film("", image=picture, camera_moves=("static",), num_frames=3)
    assert np.array_equal(frames[0], np.asarray(stills.cover(picture, (160, 90))))
    pushed = film("", image=picture, camera_moves=("push in",), num_frames=3)[0].astype(int)
    assert np.abs(pushed - np.asarray(stills.cover(picture, (160, 90))).astype(int)).mean() < 4


@pytest.mark.parametrize("num_frames", [1, 2, 5, 48])
@pytest.mark.parametrize("image", [None, gradient(90, 160)])
@pytest.mark.parametrize("prompt", ["", STORY])
def test_the_last_picture_ends_the_clip_pixel_for_pixel(num_frames, image, prompt):
    last = gradient(317, 211).rotate(180)
    frames = film(
        prompt, width=320, height=240, image=image, last_image=last, num_frames=num_frames
    )
    assert len(frames) == num_frames
    assert np.array_equal(frames[-1], np.asarray(stills.cover(last, (320, 240))))


def test_the_way_to_the_last_picture_has_no_jump():
    picture, last = gradient(160, 90), gradient(160, 90).rotate(180)
    frames = [f.astype(int) for f in film("", image=picture, last_image=last, num_frames=60)]
    steps = [np.abs(b - a).mean() for a, b in pairwise(frames)]
    assert max(steps) < 0.15 * np.abs(frames[0] - frames[-1]).mean()


def test_a_caption_over_a_picture_fades_away():
    plain = Image.new("RGB", (320, 180), (90, 120, 140))
    frames = film("a house", image=plain, num_frames=72, camera_moves=("static",), fps=24)
    assert np.ptp(frames[30].reshape(-1, 3), axis=0).max() > 60
    assert np.ptp(frames[-1].reshape(-1, 3), axis=0).max() == 0


def test_tags_do_not_show_and_do_move_the_camera():
    tagged, plain = brief("[Pan left] calm sea"), brief("calm sea", camera_moves=("pan left",))
    assert storyboard(tagged).shots[0].moves == ("pan left",)
    assert storyboard(tagged).shots[0].text == "calm sea"
    assert storyboard(plain).shots[0].moves == ("pan left",)


def test_an_unknown_move_is_refused_by_name():
    with pytest.raises(ValueError, match="'spin'"):
        storyboard(brief(camera_moves=("spin",)))


@pytest.mark.parametrize(
    "fields",
    [
        {"width": 63},
        {"width": 62},
        {"height": 4098},
        {"num_frames": 0},
        {"fps": 0},
        {"prompt": "  "},
    ],
)
def test_an_impossible_brief_is_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        brief(**fields)


@pytest.mark.parametrize(
    "prompt", ["a " * 2500, "🦊🦊", "静かな海に沈む夕日。", "[Pan left]", "\n\n.\n"]
)
def test_odd_prompts_are_shown_as_well_as_can_be(prompt):
    assert len(film(prompt, num_frames=30)) == 30
