"""What the words decide about a picture."""

import numpy as np
import pytest

from ttv_animatic import mood, palette


@pytest.mark.parametrize(
    ("text", "place", "time", "weather"),
    [
        ("calm sea at sunset", "sea", "sunset", None),
        ("neon city street in the rain at night", "city", "night", "rain"),
        ("misty pine forest", "forest", None, "fog"),
        ("an astronaut floats above a blue planet", "space", None, None),
        ("a robot paints in a sunny studio", "room", "day", "clear"),
        ("desert caravan at noon", "desert", "day", None),
        ("mountain lakes", "lake", None, None),
        ("夜の海", "sea", "night", None),
        ("Зимний лес ночью", "forest", "night", "snow"),
        ("pure thought", None, None, None),
    ],
)
def test_words_name_place_time_and_weather(text, place, time, weather):
    heard = mood.read(text)
    assert (heard.place, heard.weather) == (place, weather)
    if time:
        assert heard.time == time


def test_a_story_keeps_what_nobody_changed():
    first = mood.read("A red fox runs through snow at dawn.")
    second = mood.read("It stops by a frozen river.", first)
    third = mood.read("Stars come out.", second)
    assert (second.place, second.time, second.weather) == ("lake", "dawn", "snow")
    assert (second.figure, second.figure_hue, second.moving) == ("fox", 27, False)
    assert (third.place, third.time) == ("lake", "night")
    assert third.figure is None


def test_a_colour_word_belongs_to_the_thing_it_stands_before():
    assert mood.read("a red fox").hue is None
    assert mood.read("a red dream").hue == 27


def test_light_follows_the_time_of_day():
    def sky(text):
        return palette.make(mood.read(text).settle(1), 1).sky[0].lightness

    assert sky("mountains at noon") > sky("mountains at sunset") > sky("mountains at night")


def test_bad_weather_takes_the_colour_out():
    def chroma(text):
        return palette.make(mood.read(text).settle(1), 1).sky[1].chroma

    assert chroma("storm over the field at noon") < chroma("the field at noon")


def test_words_that_name_nothing_still_choose_a_scheme():
    schemes = {
        palette.make(mood.read(text).settle(1), 1).swatches()
        for text in ("pure thought", "inner doubt", "seven ideas", "a theory", "hope", "logic")
    }
    assert len(schemes) == 6


def test_colours_outside_srgb_keep_their_hue_and_lightness():
    vivid = palette.Lch(0.7, 0.4, 140)
    red, green, blue = vivid.rgb()
    assert green > red
    assert green > blue
    assert min(red, blue) >= 0
    grey = np.array(palette.Lch(0.7, 0, 140).rgb())
    assert np.ptp(grey) <= 1


def test_mixing_halves_meet_in_the_middle():
    dark, bright = palette.Lch(0.2, 0.1, 30), palette.Lch(0.8, 0.1, 30)
    assert dark.mix(bright, 0.5).lightness == pytest.approx(0.5)
