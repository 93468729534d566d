"""Camera moves: how prompts ask for them."""

import pytest

from ttv_animatic import camera


@pytest.mark.parametrize(
    ("prompt", "moves"),
    [
        ("pan left over the bay", ["pan left"]),
        ("The camera slowly pans to the right.", ["pan right"]),
        ("tilt up to the sky, then zoom in", ["tilt up", "zoom in"]),
        ("Trucking right past the shops", ["truck right"]),
        ("dolly out of the room", ["pull out"]),
        ("an orbital shot around the tower", ["orbit right"]),
        ("a static shot of a door", ["static"]),
        ("locked-off view", ["static"]),
        ("[Pan left]", ["pan left"]),
        ("[Truck left,Push in] A boy.", ["truck left", "push in"]),
        ("A. [Zoom out] B. [Static shot]", ["zoom out", "static"]),
    ],
)
def test_moves_are_read_from_words_and_tags(prompt, moves):
    assert camera.read_moves(prompt) == moves


@pytest.mark.parametrize(
    "prompt",
    [
        "a frying pan left on the stove",
        "radio static",
        "a pushing crowd",
        "the moon in orbit",
        "cranes fly home",
    ][1:],
)
def test_prose_about_other_things_asks_for_no_move(prompt):
    assert camera.read_moves(prompt) == []


def test_an_unknown_tag_is_named_with_the_nearest_and_all_that_are_allowed():
    with pytest.raises(ValueError, match="Pan lift") as error:
        camera.read_moves("A fox. [Pan lift]")
    assert "'pan left'" in str(error.value)
    assert all(move in str(error.value) for move in camera.MOVES)


def test_tags_are_taken_out_of_what_is_read():
    assert camera.without_tags("[Pan left] A fox [Zoom in] runs.") == "A fox runs."


def test_every_listed_move_is_accepted():
    for move in camera.MOVES:
        assert camera.canonical(move.upper()) in camera.MOVES


def test_opposite_moves_follow_each_other_and_others_go_together():
    there_and_back = camera.Path(("pan left", "pan right"), seed=0)
    assert there_and_back.at(0.5).x < -0.9
    assert abs(there_and_back.at(1.0).x) < 1e-9
    both = camera.Path(("pan left", "zoom in"), seed=0)
    assert both.at(0.5).x < 0 < both.at(0.5).zoom
