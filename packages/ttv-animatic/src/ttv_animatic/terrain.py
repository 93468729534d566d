"""Open country: mountains, hills, dunes and the road through them."""

import numpy as np
from PIL import Image, ImageDraw

from ttv_animatic import sky
from ttv_animatic.layers import Element, Layer, mask_image
from ttv_animatic.palette import Floats, Lch, gradient
from ttv_animatic.stage import Stage, cover, noise


def mountain(stage: Stage) -> list[Element]:
    """Stack faceted peaks behind wooded hills.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    horizon = 0.60
    elements = sky.build(stage, horizon, high=stage.mood.time == "day")
    for index, depth in enumerate((0.12, 0.28)):
        elements.append(peaks(stage, depth, horizon + 0.05 * index, 0.30 - 0.07 * index))
    elements += mist(stage, 0.30, horizon + 0.07)
    for index, depth in enumerate((0.45, 0.66, 1.0)):
        base = horizon + 0.10 + 0.11 * index
        edge = rolling(stage, depth, base, 0.05, 0.45)
        if index == 1:
            stage.stand(len(elements), edge + stage.height * 0.012, 0.45)
        edge -= conifers(stage, depth, 0.018 + 0.022 * index, density=0.8)
        elements.append(land(stage, edge, depth))
    return elements


def field(stage: Stage) -> list[Element]:
    """Roll hills towards the viewer, with a scatter of round trees and grass in front.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    horizon = 0.56
    elements = sky.build(stage, horizon, high=stage.mood.time == "day")
    for index, depth in enumerate((0.12, 0.26, 0.44, 0.66)):
        edge = rolling(stage, depth, horizon + 0.085 * index, 0.05, 0.55 + 0.1 * index)
        ground = edge.copy()
        if index in {1, 2}:
            edge -= round_trees(stage, depth, 0.035 + 0.02 * index)
        elements.append(land(stage, edge, depth))
        if index == 2:
            stage.stand(len(elements), ground, depth)
        if index == 0:
            elements += mist(stage, 0.15, horizon + 0.05)
    edge = rolling(stage, 1.0, 0.90, 0.03, 0.7)
    edge -= blades(stage, 1.0, 0.05)
    elements.append(land(stage, edge, 1.0))
    return elements


def desert(stage: Stage) -> list[Element]:
    """Sweep dunes with a lit and a shaded flank.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    horizon = 0.55
    elements = sky.build(stage, horizon, high=stage.mood.time == "day")
    elements.append(land(stage, rolling(stage, 0.08, horizon, 0.02, 0.3), 0.08))
    elements += mist(stage, 0.1, horizon + 0.02)
    for index, depth in enumerate((0.2, 0.4, 0.66, 1.0)):
        elements.append(
            dune(
                stage, depth, horizon + 0.03 + 0.115 * index, len(elements) + 1 if index == 1 else 0
            )
        )
    return elements


def road(stage: Stage) -> list[Element]:
    """Lead a road through hills to the horizon.

    Args:
        stage: The shot's canvas.

    Returns:
        The elements, far to near.
    """
    horizon = 0.58
    elements = sky.build(stage, horizon)
    elements.append(peaks(stage, 0.1, horizon, 0.16))
    elements.append(land(stage, rolling(stage, 0.2, horizon - 0.015, 0.03, 0.5), 0.2))
    elements.append(_plain(stage, horizon + 0.005))
    stage.stand(
        len(elements), np.full(stage.span(0.5), stage.height * (horizon + 0.11), np.float32), 0.5
    )
    return elements


def land(stage: Stage, edge: Floats, depth: float) -> Layer:
    """Cut a layer of ground, its colour set by its depth and the air before it.

    Args:
        stage: The shot's canvas.
        edge: Upper edge in frame pixels.
        depth: 0 far, 1 near.

    Returns:
        The layer.
    """
    tone = stage.palette.ground(depth**0.8)
    foot = tone.mix(stage.palette.sky[2], 0.30 * (1 - depth)).lift(-0.05 * depth)
    colours = [tone.lift(0.035), tone, foot]
    if stage.mood.weather == "snow":
        white = stage.palette.sky[2].mix(Lch(0.97, 0.01, 240), 0.5)
        if stage.mood.time == "night":
            white = white.lift(0.12)
        snowy = white.mix(tone, 0.12 + 0.30 * (1 - depth))
        colours = [snowy, snowy.mix(tone, 0.14), snowy.mix(tone, 0.36)]
    return stage.silhouette(edge, depth, colours, glow=0.5 * (1 - depth))


def rolling(stage: Stage, depth: float, base: float, height: float, wave: float) -> Floats:
    """Draw the edge of soft hills.

    Args:
        stage: The shot's canvas.
        depth: Sets how wide the layer is.
        base: Mean level, part of the frame's height.
        height: Swing, part of the frame's height.
        wave: Length of the swing, part of the frame's unit.

    Returns:
        The edge, frame pixels per column.
    """
    line = noise(stage.rng, stage.span(depth), stage.unit * wave, 3, 0.35)
    return (stage.height * (base + height * line)).astype(np.float32)


def peaks(stage: Stage, depth: float, base: float, height: float) -> Layer:
    """Cut a range of pointed mountains with lit flanks and, if high, snow.

    Args:
        stage: The shot's canvas.
        depth: 0 far, 1 near.
        base: Level of the valleys, part of the frame's height.
        height: Greatest height of a peak, part of the frame's height.

    Returns:
        The layer.
    """
    rng, width = stage.rng, stage.span(depth)
    step = stage.unit * float(rng.uniform(0.15, 0.2))
    count = int(width / step) + 4
    knots_x = (np.arange(count) - 1 + rng.uniform(-0.25, 0.25, count)) * step
    up = rng.uniform(0.35, 1.0, count)
    up[1::2] *= 0.32
    crest = stage.height * (base - height * up)
    columns = np.arange(width, dtype=np.float32)
    edge = np.interp(columns, knots_x, crest).astype(np.float32)
    edge += noise(rng, width, step * 0.28, 4, 0.55) * stage.height * 0.016
    top = int(edge.min()) - 2
    margin_x, margin_y = stage.rig.margin(depth)
    rows = stage.height + margin_y - top
    tall = min(rows, int(stage.height * (height + 0.12)) + 2)

    owner = np.clip(np.searchsorted(knots_x[1::2], columns), 0, len(knots_x[0::2]) - 1)
    peak_x, peak_y = knots_x[0::2][owner], crest[0::2][owner]
    down = np.arange(tall, dtype=np.float32)[:, None] + top - peak_y[None, :]
    sway = noise(rng, tall * 2 + 64, stage.unit * 0.035, 3, 0.6) * stage.unit * 0.035
    lean = sway[np.clip(down.astype(int) + tall // 2, 0, len(sway) - 1)] + down * 0.18
    side = 1 if stage.sun[0] < stage.width / 2 else -1
    shadow = np.clip((columns[None, :] - peak_x[None, :] - side * lean) * side + 0.5, 0, 1)

    tone = stage.palette.ground(depth)
    foot = tone.mix(stage.palette.sky[2], 0.45)
    lit = gradient([tone.mix(stage.palette.light, 0.16).lift(0.035), foot], tall)[:, None, :]
    dark = gradient([tone.lift(-0.03), foot.lift(-0.01)], tall)[:, None, :]
    colours = lit + shadow[:, :, None] * (dark - lit)
    if stage.mood.weather == "snow" or height > 0.2:
        colours = _snowcap(stage, colours, edge - top, shadow, height)
    if rows > tall:
        colours = np.concatenate([colours, np.repeat(colours[-1:], rows - tall, axis=0)])
    fill = stage.paint(colours.astype(np.float32), (width, rows), (-margin_x, top), glow=0.5)
    return Layer(stage.rig, fill, mask_image(cover(edge - top, rows)), (-margin_x, top), depth)


def _snowcap(stage: Stage, colours: Floats, edge: Floats, shadow: Floats, height: float) -> Floats:
    tall, width = colours.shape[:2]
    more = 2.2 if stage.mood.weather == "snow" else 1.0
    line = stage.height * height * 0.42 * more
    reach = np.clip(line - edge, 0, None) * 0.75
    teeth = 0.62 + 0.38 * noise(stage.rng, width, stage.unit * 0.022, 2, 0.6)
    down = np.arange(tall, dtype=np.float32)[:, None] - edge[None, :]
    snow = np.clip(reach * teeth - down + 0.5, 0, 1)[:, :, None]
    bright = stage.palette.sky[2].mix(stage.palette.light, 0.55).lift(0.03)
    white, blue = gradient([bright, bright.mix(stage.palette.sky[0], 0.33)], 2)
    target = white + shadow[:, :, None] * (blue - white)
    capped: Floats = (colours + snow * 0.92 * (target - colours)).astype(np.float32)
    return capped


def conifers(stage: Stage, depth: float, height: float, density: float = 0.7) -> Floats:
    """Draw a fringe of firs to stand on an edge.

    Args:
        stage: The shot's canvas.
        depth: Sets how wide the layer is.
        height: Height of a tall tree, part of the frame's unit.
        density: Part of the edge that is wooded.

    Returns:
        Height above the edge per column, in pixels.
    """
    rng, width = stage.rng, stage.span(depth)
    tall = stage.unit * height
    line = np.zeros(width, np.float32)
    where = noise(rng, width, stage.unit * 0.25, 2)
    for centre in np.arange(0, width, max(1.0, tall * 0.28)):
        x = int(centre + rng.uniform(-0.2, 0.2) * tall)
        if not 0 <= x < width or where[x] > density * 2 - 1 + 0.3 * rng.random():
            continue
        high = tall * float(rng.uniform(0.45, 1.0))
        half = max(1.0, high * 0.24)
        low, end = max(0, int(x - half)), min(width, int(x + half) + 1)
        away = np.abs(np.arange(low, end) - x) / half
        steps = (away * 4.5) % 1.0
        shape = high * np.clip(1 - away - 0.10 * (1 - steps) * (away > 0.08), 0, 1)
        line[low:end] = np.maximum(line[low:end], shape)
    return line


def round_trees(stage: Stage, depth: float, height: float) -> Floats:
    """Draw a loose scatter of round crowns to stand on an edge.

    Args:
        stage: The shot's canvas.
        depth: Sets how wide the layer is.
        height: Height of a tall tree, part of the frame's unit.

    Returns:
        Height above the edge per column, in pixels.
    """
    rng, width = stage.rng, stage.span(depth)
    line = np.zeros(width, np.float32)
    columns = np.arange(width)
    x = float(rng.uniform(0, 0.2)) * stage.unit
    while x < width:
        for _ in range(int(rng.integers(1, 5))):
            radius = stage.unit * height * float(rng.uniform(0.28, 0.55))
            away = (columns - x) / radius
            crown = np.sqrt(np.clip(1 - away * away, 0, 1)) * radius * 1.25
            line = np.maximum(line, np.where(crown > 0, crown + radius * 0.3, 0))
            x += radius * float(rng.uniform(0.8, 1.6))
        x += stage.unit * float(rng.uniform(0.12, 0.5))
    return line.astype(np.float32)


def blades(stage: Stage, depth: float, height: float) -> Floats:
    """Draw grass to stand on a near edge.

    Args:
        stage: The shot's canvas.
        depth: Sets how wide the layer is.
        height: Height of a long blade, part of the frame's unit.

    Returns:
        Height above the edge per column, in pixels.
    """
    rng, width = stage.rng, stage.span(depth)
    line = np.zeros(width, np.float32)
    tufts = np.clip(noise(rng, width, stage.unit * 0.2, 3) * 0.8 + 0.55, 0.12, 1)
    half = max(1.2, stage.unit * 0.0035)
    for x in rng.uniform(0, width, int(width / half / 1.1)):
        high = stage.unit * height * float(rng.uniform(0.25, 1.0)) * float(tufts[int(x)])
        low, end = max(0, int(x - half)), min(width, int(x + half) + 2)
        away = (np.arange(low, end) - x) / half
        line[low:end] = np.maximum(line[low:end], high * np.clip(1 - np.abs(away), 0, 1) ** 1.3)
    return line


def dune(stage: Stage, depth: float, base: float, stand: int = 0) -> Layer:
    """Cut one dune with its sharp crest line.

    Args:
        stage: The shot's canvas.
        depth: 0 far, 1 near.
        base: Mean level, part of the frame's height.
        stand: If not 0, figures stand on it, before this many elements.

    Returns:
        The layer.
    """
    rng, width = stage.rng, stage.span(depth)
    columns = np.arange(width, dtype=np.float32)
    wave = stage.unit * (0.55 + 0.75 * depth)
    shift = float(rng.uniform(0, 1))
    turn = (columns / wave + shift) % 1.0
    peak = float(rng.uniform(0.5, 0.68))
    rise = np.where(turn < peak, turn / peak, (1 - turn) / (1 - peak))
    crest = rise * rise * (3 - 2 * rise) * 0.75 + rise * 0.25
    swell = noise(rng, width, wave * 1.7, 2) * 0.025
    edge = (stage.height * (base + 0.05 - 0.10 * crest * (0.7 + 0.3 * depth) + swell)).astype(
        np.float32
    )
    if stand:
        stage.stand(stand, edge, depth)
    top = int(edge.min()) - 2
    margin_x, margin_y = stage.rig.margin(depth)
    rows = stage.height + margin_y - top
    # The ridge between the lit and the shaded flank winds down from the crest.
    down = np.arange(rows, dtype=np.float32)[:, None] - (edge - top)[None, :]
    winding = np.sin(down / (stage.unit * 0.11)) * 0.035 + down / stage.unit * 0.55
    flank = (turn[None, :] - peak - winding * 0.4) * wave
    inside = np.clip(flank + 0.5, 0, 1) * np.clip(1.25 - down / (stage.height * 0.30), 0, 1)
    inside *= np.clip((1 - turn[None, :]) / (1 - peak) * 1.4, 0, 1)
    if stage.sun[0] > stage.width / 2:
        inside = inside * 0.55
    tone = stage.palette.ground(depth**0.75).lift(0.05, 1.15)
    lit = gradient([tone.mix(stage.palette.light, 0.28), tone, tone.lift(-0.05)], rows)[:, None, :]
    dark = gradient([tone.lift(-0.10), tone.lift(-0.04)], rows)[:, None, :]
    colours = (lit + inside[:, :, None] * (dark - lit)).astype(np.float32)
    fill = stage.paint(colours, (width, rows), (-margin_x, top), glow=0.5 * (1 - depth))
    return Layer(stage.rig, fill, mask_image(cover(edge - top, rows)), (-margin_x, top), depth)


def mist(stage: Stage, depth: float, level: float, strength: float = 0.0) -> list[Element]:
    """Lay a soft band of haze between two layers.

    Args:
        stage: The shot's canvas.
        depth: 0 far, 1 near.
        level: Its middle, part of the frame's height.
        strength: Coverage at the middle; by default what the weather calls for.

    Returns:
        One layer.
    """
    heavy = {"fog": 0.8, "rain": 0.4, "storm": 0.4, "snow": 0.45}.get(
        stage.mood.weather or "", 0.26
    )
    alpha = strength or heavy
    drift = stage.unit * 0.008 * stage.mood.energy
    margin = stage.rig.margin(depth, drift)[0]
    width, height = stage.width + 2 * margin, max(8, int(stage.height * 0.22))
    top = int(stage.height * level - height / 2)
    rise = np.sin(np.linspace(0, np.pi, height, dtype=np.float32)) ** 2
    thick = 0.7 + 0.3 * noise(stage.rng, width, stage.unit * 0.4, 3)
    shape = rise[:, None] * thick[None, :] * alpha
    fill = stage.paint(
        gradient([stage.palette.sky[2]], height), (width, height), (-margin, top), 0.4
    )
    return [Layer(stage.rig, fill, mask_image(shape), (-margin, top), depth, drift)]


def _plain(stage: Stage, horizon: float) -> Layer:
    depth = 0.5
    margin_x, margin_y = stage.rig.margin(depth)
    top = int(stage.height * horizon)
    size = (stage.width + 2 * margin_x, stage.height + margin_y - top)
    tone = stage.palette.ground(0.72)
    rows = gradient([stage.palette.ground(0.35), tone, stage.palette.ground(0.95)], size[1])
    picture = stage.paint(rows, size, (-margin_x, top), glow=0.35)
    big = Image.new("L", (size[0] * 2, size[1] * 2))
    lines = Image.new("L", big.size)
    pen, marks = ImageDraw.Draw(big), ImageDraw.Draw(lines)
    vanish = stage.sun[0] + margin_x
    foot, half = stage.width * 0.5 + margin_x, stage.unit * 0.62

    def edge(down: float, side: float) -> tuple[float, float]:
        x = vanish + (foot - vanish) * down + side * half * (0.012 + down)
        return (x * 2, down * size[1] * 2)

    pen.polygon([edge(0, -1), edge(0, 1), edge(1, 1), edge(1, -1)], fill=255)
    for k in range(9):
        near, far = 0.86**k, 0.86**k * 0.93
        marks.polygon(
            [
                edge(far**2, -0.018),
                edge(far**2, 0.018),
                edge(near**2, 0.018),
                edge(near**2, -0.018),
            ],
            fill=220,
        )
    for side in (-0.9, 0.9):
        marks.polygon(
            [
                edge(0, side - 0.012),
                edge(0, side + 0.012),
                edge(1, side + 0.012),
                edge(1, side - 0.012),
            ],
            fill=190,
        )
    asphalt = gradient(
        [stage.palette.ground(0.6).lift(0.02, 0.5), stage.palette.near.lift(0.03, 0.5)], size[1]
    )
    picture.paste(stage.paint(asphalt, size, (-margin_x, top), glow=0.3), (0, 0), big.reduce(2))
    paint = stage.palette.light.mix(tone, 0.3)
    picture.paste(paint.rgb(), (0, 0), lines.reduce(2))
    return Layer(stage.rig, picture, None, (-margin_x, top), depth)
