"""Choosing the composition for a mood."""

from collections.abc import Callable
from typing import Final

import numpy as np

from ttv_animatic import bokeh, cast, city, forest, particles, room, sky, space, terrain, water
from ttv_animatic.layers import Element
from ttv_animatic.stage import Stage


def _above_the_clouds(stage: Stage) -> list[Element]:
    elements = [*sky.build(stage, 0.80), *sky.sea_of_clouds(stage)]
    stage.stand(len(elements) - 4, np.full(stage.span(0.22), stage.height * 0.72, np.float32), 0.22)
    return elements


COMPOSITIONS: Final[dict[str, Callable[[Stage], list[Element]]]] = {
    "mountain": terrain.mountain,
    "forest": forest.build,
    "sea": water.sea,
    "lake": water.lake,
    "city": city.build,
    "desert": terrain.desert,
    "space": space.build,
    "room": room.build,
    "sky": _above_the_clouds,
    "road": terrain.road,
    "field": terrain.field,
    "underwater": water.underwater,
    "abstract": bokeh.build,
}
"""How each place of the lexicon is composed."""


def compose(stage: Stage) -> list[Element]:
    """Compose a shot.

    Args:
        stage: The shot's canvas, its mood settled.

    Returns:
        The elements, far to near.
    """
    build = COMPOSITIONS.get(stage.mood.place or "abstract", bokeh.build)
    return [*cast.join(stage, build(stage)), *particles.build(stage)]
