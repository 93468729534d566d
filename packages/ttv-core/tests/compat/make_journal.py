"""Freeze a journal with a job in every state, as the code of today writes it.

`python make_journal.py FOLDER` writes `state/` and `jobs.json` into FOLDER. Run it once for each
version of the journal, before the next one is made; what is there is never written anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import numpy as np
from frozen_vendor import KEY, FrozenVendor

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "plugins" / "api1"))

FOLDER = "/frozen"
"""Stands for the folder that the videos go to, where the tests put their own."""
ADDRESS = "http://127.0.0.1:9"
"""Stands for the vendor's address."""


def make(folder: Path) -> None:
    """Make the jobs, with their files in a folder."""
    from ttv_frozen.vendor import FrozenGenerator

    from ttv_core import GenerationCancelledError, VideoGenerationError
    from ttv_core.jobs.desk import desk
    from ttv_core.media import VideoWriter

    with VideoWriter(folder / "sent.mp4", width=64, height=36, fps=24) as video:
        for level in range(24):
            video.write(np.full((36, 64, 3), level * 10, np.uint8))
    with FrozenVendor(["done"], (folder / "sent.mp4").read_bytes()) as vendor:
        backend = FrozenGenerator(api_key=KEY, base_url=vendor.url, region="north")

        def asked(name, **more):
            facts = {"prompt": f"a fox, {name} 🦊", "output": folder / f"{name}.mp4", "seed": 0}
            return facts | {"duration": 1, "tags": {"is": name}} | more

        backend.generate(**asked("completed", idempotency_key="mine-1", max_cost=2))
        for state in ("failed", "filtered"):
            vendor.states = [state]
            with suppress(VideoGenerationError):
                backend.generate(**asked(state))
        vendor.states = ["running"]
        job = backend.start(**asked("cancelled"))
        job.cancel()
        with suppress(GenerationCancelledError):
            job.wait()
        for name in ("prepared", *BY_HAND):
            more = {"duration": 5, "on_unsupported": "adjust"}
            if name in {"prepared", "submitting"}:
                more["image"] = picture(folder)
            begin(backend, name, asked(name, **more))
    desk().close()


def begin(backend, name, asked):
    """Write a job down, and take it as far as its state, as a process does that then dies."""
    from ttv_core.job import new_job_id
    from ttv_core.jobs.desk import desk
    from ttv_core.output import choose_target

    here = desk()
    plan = backend.plan(**asked)
    job_id = new_job_id()
    facts = {"identity": backend.identity(), "plugin": "ttv-frozen 1.0"}
    record = asyncio.run(here.begin(job_id, plan, choose_target(plan, job_id, None), facts))
    for attempts, changes in BY_HAND.get(name, ()):
        if changes["state"] == "accepted":
            changes["remote_id"] = f"old-{record.id}"
        record = here.store.update(record, *attempts, **changes).result()


def picture(folder):
    """Return the bytes of a small picture: they are kept with the job until it is sent."""
    import zlib
    from struct import pack

    def chunk(kind, data):
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", pack(">IIBBBBB", 64, 36, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(65 * 36)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


def steps():
    """Return, for each state that no whole run ends in, the changes that lead there."""
    from ttv_core.jobs.record import AttemptRecord

    started = AttemptRecord(what="create", outcome="started", number=1)
    lost = AttemptRecord(what="create", outcome="ambiguous", number=1, detail="reset")
    taken = AttemptRecord(what="create", outcome="accepted", number=1)
    given_up = AttemptRecord(what="abandon", outcome="abandoned", number=1)
    cost = Decimal("0.50")
    submitting = ((started,), {"state": "submitting", "attempt": 1, "submitted_at": 1000.0})
    has = {"ref": {"kept": True}, "charged": "yes", "accepted_at": 1001.0}
    accepted = ((taken,), {"state": "accepted", **has})
    running = ((), {"state": "running", "note": "running"})
    reconciling = ((lost,), {"state": "reconciling", "charged": "unknown"})
    unknown = ((), {"state": "unknown", "charged": "unknown", "note": "reset", "owner": None})
    gone = {"type": "JobExpiredError", "message": "its result is gone", "code": "job_expired"}
    return {
        "submitting": [submitting],
        "reconciling": [submitting, reconciling],
        "unknown": [submitting, reconciling, unknown],
        "accepted": [submitting, accepted],
        "running": [submitting, accepted, running],
        "cancelling": [
            submitting,
            accepted,
            running,
            ((), {"state": "running", "cancel_asked": True}),
            ((), {"state": "cancelling"}),
        ],
        "remote_done": [
            submitting,
            accepted,
            running,
            ((), {"state": "remote_done", "actual": cost, "took": 12.5}),
        ],
        "expired": [
            submitting,
            accepted,
            running,
            ((), {"state": "expired", "error": gone, "owner": None}),
        ],
        "abandoned": [
            submitting,
            reconciling,
            unknown,
            ((given_up,), {"state": "abandoned", "owner": None}),
        ],
    }


def freeze(made: Path, into: Path) -> None:
    """Copy the journal with names that are the same everywhere, and write down what it means."""
    from ttv_core.jobs.journal import Journal

    shutil.copytree(made / "state" / "inputs", into / "state" / "inputs")
    with sqlite3.connect(made / "state" / "jobs.db") as journal:
        [address] = {
            json.loads(data)["identity"]["endpoint"]
            for (data,) in journal.execute("SELECT data FROM jobs")
        }
        for was, becomes in ((str(made), FOLDER), (address, ADDRESS)):
            journal.execute("UPDATE jobs SET data = replace(data, ?, ?)", (was, becomes))
        journal.commit()
        journal.execute("VACUUM INTO ?", (str(into / "state" / "jobs.db"),))
    kept = Journal(into / "state")

    def meaning(record):
        return json.loads(json.dumps(record.to_dict()))

    found = [
        meaning(record) | {"attempts": [meaning(each) for each in kept.attempts(record.id)]}
        for record in kept.select()
    ]
    kept.close()
    text = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True)
    (into / "jobs.json").write_text(text + "\n", encoding="utf-8")
    for path in (into / "state").glob("jobs.db-*"):
        path.unlink()


if __name__ == "__main__":
    BY_HAND = steps()
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    (target / "state").mkdir()
    with tempfile.TemporaryDirectory() as place:
        os.environ["TTV_STATE_DIR"] = str(Path(place, "state"))
        make(Path(place))
        freeze(Path(place), target)
