"""Cameras over pictures: the move that is named is the move that is seen."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ttv_animatic import camera
from ttv_animatic.lens import Lens

SIZE = (320, 180)
DOTS = {"left": (260, 250), "right": (540, 250), "upper": (400, 160), "lower": (400, 340)}
COLOURS = {"left": (255, 0, 0), "right": (0, 255, 0), "upper": (0, 0, 255), "lower": (255, 255, 0)}


def target(places=DOTS):
    picture = Image.new("RGB", (800, 500))
    pen = ImageDraw.Draw(picture)
    for name, (x, y) in places.items():
        pen.ellipse((x - 9, y - 9, x + 9, y + 9), fill=COLOURS[name])
    return picture


def dots(frame):
    """Find the middle of each dot, to a fraction of a pixel."""
    pixels = np.asarray(frame).astype(float)
    ys, xs = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    found = {}
    for name, colour in COLOURS.items():
        weight = np.prod(
            [p if c else 255 - p for c, p in zip(colour, np.moveaxis(pixels, 2, 0), strict=True)],
            axis=0,
        )
        weight = np.clip(weight / 255**3 - 0.3, 0, None)  # drops the rims of other dots
        found[name] = np.array([(xs * weight).sum(), (ys * weight).sum()]) / weight.sum()
    return found


def lens(moves, picture=None, size=SIZE):
    names = tuple(camera.canonical(move) for move in moves)
    return Lens(picture or target(), size, camera.Path(names, seed=3))


def seen(*moves):
    over = lens(moves)
    start, end = dots(over.frame(0, 0)), dots(over.frame(1, 4))
    shift = np.mean([end[name] - start[name] for name in DOTS], axis=0)
    spread = [np.linalg.norm(d["right"] - d["left"]) for d in (start, end)]
    return shift, spread[1] / spread[0]


@pytest.mark.parametrize(
    ("move", "way"),
    [
        ("pan left", (1, 0)),
        ("pan right", (-1, 0)),
        ("truck left", (1, 0)),
        ("truck right", (-1, 0)),
        ("tracking", (-1, 0)),
        ("tilt up", (0, 1)),
        ("tilt down", (0, -1)),
        ("pedestal up", (0, 1)),
        ("pedestal down", (0, -1)),
        ("orbit left", (1, 0)),
        ("orbit right", (-1, 0)),
    ],
)
def test_the_picture_goes_the_other_way_than_the_camera(move, way):
    shift, _ = seen(move)
    for value, sign in zip(shift, way, strict=True):
        assert (abs(value) < 4) if sign == 0 else (value * sign > 10)


@pytest.mark.parametrize(
    ("move", "closer"),
    [
        ("zoom in", True),
        ("push in", True),
        ("dolly in", True),
        ("zoom out", False),
        ("pull out", False),
    ],
)
def test_going_in_makes_things_larger(move, closer):
    _, growth = seen(move)
    assert growth > 1.1 if closer else growth < 0.9


def test_a_static_camera_does_not_move():
    over = lens(["static"])
    assert np.array_equal(over.frame(0, 0), over.frame(1, 4))


def test_an_orbit_turns_the_picture_in_depth():
    pairs = {"left": (280, 170), "upper": (280, 330), "right": (520, 170), "lower": (520, 330)}
    over = lens(["orbit right"], target(pairs))
    nearer = []
    for found in (dots(over.frame(0, 0)), dots(over.frame(1, 4))):
        left = np.linalg.norm(found["left"] - found["upper"])
        right = np.linalg.norm(found["right"] - found["lower"])
        nearer.append(left / right)
    assert max(nearer) > 1.01
    assert min(nearer) < 0.99


def test_a_shaking_camera_comes_back():
    over = lens(["shake"])
    xs = [dots(over.frame(k / 48, k / 24))["upper"][0] for k in range(49)]
    turns = np.diff(np.sign(np.diff(xs)))
    assert np.ptp(xs) > 2
    assert np.count_nonzero(turns) > 4


def test_moves_go_together():
    shift, growth = seen("pan left", "zoom in")
    assert shift[0] > 5
    assert growth > 1.1


@pytest.mark.parametrize("move", ["pan left", "truck right", "tilt up", "push in", "orbit left"])
def test_motion_is_smooth_to_a_fraction_of_a_pixel(move):
    ys, xs = np.mgrid[0:500, 0:800]
    blob = np.exp(-((xs - 300) ** 2 + (ys - 200) ** 2) / 600) * 255
    over = lens([move], Image.fromarray(blob.astype(np.uint8)).convert("RGB"))
    path = []
    for k in range(97):
        weight = np.asarray(over.frame(k / 96, k / 24).convert("L")).astype(float)
        weight = np.clip(weight - 8, 0, None)
        ys, xs = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
        path.append([(xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum()])
    jerk = np.abs(np.diff(np.array(path), n=2, axis=0)).max()
    assert np.abs(np.subtract(path[-1], path[0])).max() > 3
    assert jerk < 0.1  # whole-pixel steps would make it 1


@pytest.mark.parametrize(
    "moves",
    [
        *((move,) for move in camera.MOVES),
        ("orbit right", "tilt up"),
        ("orbit left", "tilt down", "pedestal down", "zoom out"),
        ("orbit left", "orbit right", "truck left", "shake"),
    ],
)
@pytest.mark.parametrize("picture_size", [(400, 400), (60, 900), (900, 60), (321, 181), (33, 21)])
def test_the_picture_always_fills_the_frame(moves, picture_size):
    white = Image.new("RGB", picture_size, (255, 255, 255))
    over = lens(moves, white, (96, 64))
    for progress in (0, 0.1, 0.5, 0.9, 1):
        frame = over.frame(progress, progress * 3)
        assert frame.size == (96, 64)
        assert np.asarray(frame).min() == 255
