"""Takes the place of a worker: it is there in a moment, and its frames are as grey as its seed."""

from __future__ import annotations

import os
import queue
import threading
import time
from itertools import count

from ttv_diffusers.pipes import take_pipes
from ttv_diffusers.protocol import Cancel, Done, Failed, Frames, Generate, Loaded, Loading, Step

STEP = 0.002
FOR_EVER = 1000
SIZE = 64


def main():
    channel = take_pipes()
    orders, stopped = queue.Queue(), set()

    def listen():
        while True:
            try:
                message, _ = channel.receive()
            except EOFError:
                os._exit(0)
            if isinstance(message, Cancel):
                stopped.add(message.job)
            else:
                orders.put(message)

    threading.Thread(target=listen, daemon=True).start()
    turns = count(1)
    while True:
        order = orders.get()
        channel.send(Loading())
        channel.send(Loaded(0.0, "cpu"))
        if isinstance(order, Generate):
            channel.send(made(order, channel, stopped, next(turns)))
        else:
            channel.send(Done({}))


def made(order, channel, stopped, turn):
    total = order.call["num_inference_steps"]
    for step in count() if total == FOR_EVER else range(total):
        channel.send(Step(step + 1, total, STEP))
        time.sleep(STEP)
        if order.job in stopped:
            return Failed("GenerationCancelledError", "it was cancelled")
    frame = bytes([order.seed]) * (SIZE * SIZE * 3)
    for _ in range(order.call["num_frames"]):
        channel.send(Frames(1, SIZE, SIZE), frame)
    return Done({"denoise": 0.0, "turn": turn})


main()
