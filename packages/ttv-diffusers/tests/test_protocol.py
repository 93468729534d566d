"""Messages come whole or not at all, and every error keeps its class."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest

from ttv_core import errors
from ttv_diffusers.failures import raise_failure
from ttv_diffusers.protocol import Channel, Done, Failed, Frames, Generate, Step
from ttv_diffusers.worker.session import Session


def pipe():
    read, write = os.pipe()
    incoming, outgoing = os.fdopen(read, "rb"), os.fdopen(write, "wb")
    return Channel(incoming, outgoing)


def test_messages_arrive_with_the_bytes_behind_them():
    channel = pipe()
    frames = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    order = Generate("j", "/a", "P", {"prompt": "ü\n"}, {}, 7, pictures={"image": 3})
    channel.send(order, b"abc")
    channel.send(Frames(2, 4, 4), frames[0], frames[1])
    channel.send(Done({"denoise": 1.5}))
    assert channel.receive() == (order, bytearray(b"abc"))
    message, payload = channel.receive()
    assert message == Frames(2, 4, 4)
    assert bytes(payload) == frames.tobytes()
    assert channel.receive() == (Done({"denoise": 1.5}), bytearray())
    channel.close()


@pytest.mark.parametrize("kept", [0, 10, -1])
def test_an_end_in_the_midst_of_a_message_is_the_end(kept):
    out = io.BytesIO()
    Channel(io.BytesIO(), out).send(Frames(1, 2, 2), bytes(12))
    channel = Channel(io.BytesIO(out.getvalue()[:kept]), io.BytesIO())
    with pytest.raises(EOFError):
        channel.receive()


def test_what_is_written_to_nobody_is_let_go_of():
    channel = pipe()
    channel._incoming.close()
    with pytest.raises(OSError, match="pipe"):
        channel.send(Step(1, 2))
    channel.close()


@pytest.mark.parametrize(
    "name", ["ModelNotFoundError", "InvalidInputError", "GenerationFailedError"]
)
def test_errors_keep_their_class_and_code(name):
    with pytest.raises(getattr(errors, name)) as caught:
        raise_failure(Failed(name, "so", {"code": "c", "remedy": "r"}))
    assert (caught.value.code, caught.value.charged, caught.value.remedy) == ("c", "no", "r")


@pytest.mark.parametrize("name", ["NoSuchError", "annotations", "NOT_SENT"])
def test_an_error_that_is_none_of_ours_is_a_failure(name):
    with pytest.raises(errors.GenerationFailedError):
        raise_failure(Failed(name, "so"))


class Told:
    def __init__(self):
        self.messages = []

    def send(self, message, *_):
        self.messages.append(message)


def failing(monkeypatch, error):
    def fail(*_):
        raise error

    told = Told()
    session = Session(told)
    monkeypatch.setattr(session, "_generate", fail)
    session.generate(Generate("j", "/a", "P", {}, {}, 1), bytearray())
    return told.messages[-1]


def test_no_memory_is_told_with_what_to_change(monkeypatch):
    import torch

    for error in (MemoryError("no"), torch.OutOfMemoryError("CUDA out of memory")):
        failure = failing(monkeypatch, error)
        assert failure.facts["code"] == "out_of_memory"
        assert "memory: balanced or low" in failure.facts["remedy"]


def test_any_other_error_is_told_with_its_name(monkeypatch, capsys):
    failure = failing(monkeypatch, ZeroDivisionError("by zero"))
    assert failure == Failed(
        "GenerationFailedError", "ZeroDivisionError: by zero", {"code": "engine_error"}
    )
    assert "Traceback" in capsys.readouterr().err


def test_a_picture_that_is_none_is_the_users_to_mend():
    told = Told()
    session = Session(told)
    session._loaded = lambda order: None
    order = Generate("j", "/a", "P", {}, {}, 1, pictures={"image": 4})
    session.generate(order, bytearray(b"junk"))
    assert told.messages[-1].error == "InvalidInputError"
    assert "image cannot be decoded" in told.messages[-1].message
