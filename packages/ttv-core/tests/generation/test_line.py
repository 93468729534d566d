"""A line serves whoever came first, and lets go of who has enough of waiting."""

from __future__ import annotations

import threading

import pytest

from ttv_core import Line


def test_places_are_served_in_the_order_of_joining():
    line, served = Line(), []
    places = [line.join() for _ in range(20)]

    def serve(number):
        with line.turn(places[number]):
            served.append(number)

    threads = [threading.Thread(target=serve, args=(number,)) for number in reversed(range(20))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served == list(range(20))


def test_who_gives_up_is_no_longer_waited_for():
    line = Line()
    first, second, third = line.join(), line.join(), line.join()

    def enough():
        raise TimeoutError

    with pytest.raises(TimeoutError), line.turn(second, enough):
        pass
    line.leave(first)
    with line.turn(third):
        pass


def test_the_turn_ends_with_an_error_too():
    line = Line()
    first, second = line.join(), line.join()
    with pytest.raises(KeyError), line.turn(first):
        raise KeyError
    with line.turn(second):
        pass
