"""Jobs beside each other in one process: none holds up the others, and all share what is scarce."""

from __future__ import annotations

import asyncio
import threading

from ttv_core import output, transfer
from ttv_core.addresses import Guard
from ttv_core.transfer import RemoteFile

PATIENCE = 20.0


def test_a_disk_that_is_slow_does_not_hold_up_other_jobs(backend, tmp_path, monkeypatch):
    reached, other_is_done = threading.Event(), threading.Event()
    slow = tmp_path / "slow"
    slow.mkdir()
    sync = output.sync

    def sync_slowly(path):
        if path.parent == slow:
            reached.set()
            assert other_is_done.wait(PATIENCE)
        sync(path)

    monkeypatch.setattr(output, "sync", sync_slowly)
    generator = backend()
    stuck = generator.start("a fox", duration=1, output=slow / "fox.mp4")
    assert reached.wait(PATIENCE)
    other = generator.generate("a hare", duration=1, output=tmp_path / "hare.mp4", timeout=PATIENCE)
    assert other.path.is_file()
    assert not stuck.done
    other_is_done.set()
    assert stuck.wait(PATIENCE).path.is_file()


def test_a_download_that_waits_for_its_turn_opens_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "_AT_ONCE", 2)
    opened = []
    inner = transfer._opened
    monkeypatch.setattr(transfer, "_opened", lambda part: opened.append(part) or inner(part))

    async def downloads():
        turn = asyncio.Event()

        async def read():
            await turn.wait()
            yield b"video"

        parts = [tmp_path / f"{number}.part" for number in range(5)]
        for part in parts:
            part.touch()
        tasks = [
            asyncio.create_task(transfer.download(RemoteFile(read=read), part, Guard()))
            for part in parts
        ]
        await asyncio.sleep(0)
        waiting = len(opened)
        turn.set()
        await asyncio.gather(*tasks)
        return waiting, [part.read_bytes() for part in parts]

    waiting, bodies = asyncio.run(downloads())
    assert waiting == 2
    assert bodies == [b"video"] * 5
