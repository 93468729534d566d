"""Many requests: each is made once, whatever ends the process, and nothing is paid twice."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from acme import KEY
from grey import Grey

import ttv_core
from ttv_core import (
    Capabilities,
    ContentRejectedError,
    InvalidInputError,
    OutputError,
    VideoRequest,
    jobs,
)
from ttv_core.batch.ledger import NAME, Ledger

HERE = str(Path(__file__).parent)
FULL = os.environ.get("TTV_TORTURE") == "full"


@pytest.fixture
def many(acme, registry, tmp_path):
    """Make many videos in one folder, with the vendor or on this machine."""
    registry["grey"] = Grey
    Grey.rendered = itertools.count()
    config = {"backends": {"acme": {"base_url": acme.url, "api_key": KEY}}}

    def make(requests, **how):
        how = {"output": tmp_path / "out", "config": config, "backend": "acme"} | how
        return list(ttv_core.generate_many(requests, **how))

    make.config = config
    return make


def foxes(count, **fields):
    return [{"prompt": f"fox {i}", "duration": 1} | fields for i in range(count)]


def states(items):
    return {item.number: item.state for item in items}


def by_state(items):
    return sorted(item.state for item in items)


def rendered():
    return int(re.search(r"\d+", repr(Grey.rendered))[0])


@pytest.mark.parametrize("backend", ["acme", "grey"])
def test_each_is_made_once_however_often_the_batch_is_run(backend, many, acme, tmp_path):
    made = many(foxes(8), backend=backend)
    assert states(made) == dict.fromkeys(range(1, 9), "completed")
    assert len({item.path for item in made}) == 8
    assert all(item.path.stat().st_size for item in made)
    again = many(foxes(8), backend=backend)
    assert states(again) == dict.fromkeys(range(1, 9), "skipped")
    assert {item.path for item in again} == {item.path for item in made}
    assert (acme.accepted, rendered()) == ((8, 0) if backend == "acme" else (0, 8))


def test_what_is_done_is_known_by_its_content_not_its_place(many, acme):
    many(foxes(4))
    mixed = [*reversed(foxes(4)), {"prompt": "a hen", "duration": 1}]
    assert states(many(mixed)) == dict.fromkeys((1, 2, 3, 4), "skipped") | {5: "completed"}
    assert acme.accepted == 5


def test_the_same_request_twice_is_wanted_twice(many, acme):
    assert states(many(foxes(1) * 3)) == dict.fromkeys((1, 2, 3), "completed")
    assert states(many(foxes(1) * 4)) == dict.fromkeys((1, 2, 3), "skipped") | {4: "completed"}
    assert acme.accepted == 4


@pytest.mark.parametrize("one", ["a fox", {"prompt": "a fox"}, VideoRequest(prompt="a fox")])
def test_one_request_is_not_taken_for_several(one, many, acme):
    with pytest.raises(InvalidInputError, match="put it into a list"):
        many(one)
    with pytest.raises(InvalidInputError, match="put it into a list"):
        next(ttv_core.plan_many(one))
    assert acme.accepted == 0


def test_a_picture_counts_by_what_it_shows(tmp_path):
    from ttv_core.batch.content import content_key

    picture = tmp_path / "a.png"
    request = VideoRequest(prompt="a fox", image=picture)
    keys = set()
    for data in (b"one", b"two", b"one"):
        picture.write_bytes(data)
        keys.add(content_key(request, None, ""))
    (tmp_path / "b.png").write_bytes(b"one")
    keys.add(content_key(request.with_(image=tmp_path / "b.png"), None, ""))
    assert len(keys) == 2


def test_one_that_is_wrong_is_told_in_its_place_and_the_rest_is_made(many):
    wanted = [{"prompt": "a", "duration": -1}, "a fox", 7, {"prompt": "b", "backend": 3}]
    found = {item.number: item for item in many([*wanted, {"prompt": "c", "fps": 9.0}])}
    assert states(found.values()) == {
        1: "refused",
        2: "completed",
        3: "refused",
        4: "refused",
        5: "refused",
    }
    assert "duration is -1" in found[1].error.message
    assert "it is a int, not a set of fields" in found[3].error.message
    assert "backend is 3" in found[4].error.message
    assert found[5].error.violations[0].field == "fps"


def test_a_fault_of_a_backend_is_told_and_the_others_go_on(many, registry):
    class Faulty(Grey):
        def plan(self, request=None, /, **fields):
            if request.prompt == "oh":
                raise ZeroDivisionError("oh")
            return super().plan(request, **fields)

    registry["grey"] = Faulty
    made = {item.prompt: item for item in many(["oh", "a fox"], backend="grey")}
    assert (made["oh"].state, made["a fox"].state) == ("failed", "completed")
    assert "ZeroDivisionError: oh" in made["oh"].error.message
    assert not made["oh"].again


def test_each_request_may_name_who_makes_it(many, acme):
    made = many([*foxes(2), *foxes(2, backend="grey")])
    assert [item.backend for item in sorted(made, key=lambda item: item.number)] == [
        "acme",
        "acme",
        "grey",
        "grey",
    ]
    assert (acme.accepted, rendered()) == (2, 2)


def test_names_are_filled_in_and_no_two_requests_share_one(many, tmp_path):
    wanted = [{"prompt": "a", "name": "One/../x"}, {"prompt": "b", "name": "two"}]
    made = many(wanted, name="{name}-{seed}.mp4")
    assert {item.path.name for item in made} == {"one-x-random.mp4", "two-random.mp4"}
    clash = many([*wanted, {"prompt": "c", "name": "two"}], name="{name}-{seed}.mp4")
    assert states(clash) == {1: "skipped", 2: "skipped", 3: "failed"}
    (tmp_path / "out" / "mine-random.mp4").write_bytes(b"mine")
    mine = {"prompt": "d", "name": "mine"}
    for _ in range(2):
        assert states(many([mine], name="{name}-{seed}.mp4")) == {1: "failed"}
    assert (tmp_path / "out" / "mine-random.mp4").read_bytes() == b"mine"
    for name in ("fox", "../{key}.mp4", "{nobody}.mp4", "{.mp4", ".{key}.mp4"):
        with pytest.raises(OutputError, match="no file name that ends in"):
            many([], name=name)


def test_two_requests_of_one_name_stay_two_in_every_run(many):
    wanted = [{"prompt": prompt, "name": "same", "duration": 0.5} for prompt in ("a fox", "a hen")]
    for done in ("completed", "skipped"):
        made = many(wanted, backend="grey", name="{name}.mp4")
        assert by_state(made) == sorted([done, "failed"])
        failed = next(item for item in made if item.state == "failed")
        assert "is the video of another request of the batch" in failed.error.message


def test_what_a_killed_run_has_left_of_a_video_is_removed(many, tmp_path):
    [made] = many(foxes(1), backend="grey")
    ledger = tmp_path / "out" / NAME
    begun = [line for line in ledger.read_text().splitlines() if "completed" not in line]
    ledger.write_text("".join(f"{line}\n" for line in begun))
    made.path.unlink()
    stem = made.path.stem
    for name in (f".{stem}.0123abcd.part.mp4", f".{stem}.mp4.0123abcd.part.json"):
        (tmp_path / "out" / name).write_bytes(b"half")
    (tmp_path / "out" / f"{made.path.name}.json").unlink()
    assert by_state(many(foxes(1), backend="grey")) == ["completed"]
    assert not [path for path in (tmp_path / "out").iterdir() if ".part" in path.name]


def test_only_so_many_are_under_way_at_once(many, acme):
    most, now = 0, 0
    lock = threading.Lock()
    usual, three_are_here = acme.create, asyncio.Event()

    async def create(request):
        """Take none before three are here, for else the first may be done before the next begin."""
        if acme.requests["create"] == 3:
            three_are_here.set()
        await asyncio.wait_for(three_are_here.wait(), 60)
        return await usual(request)

    acme.create = create

    def hear(event):
        nonlocal most, now
        with lock:
            now += {"submitting": 1, "completed": -1}.get(event.state, 0)
            most = max(most, now)

    many(foxes(12), concurrency=3, on_event=hear)
    assert most == 3
    assert acme.accepted == 12


def test_one_machine_makes_one_at_a_time(many):
    heard = []
    many(foxes(4), backend="grey", on_event=lambda event: heard.append(event.job_id))
    assert len([job for job, _ in itertools.groupby(heard)]) == 4


def come_home(many, acme):
    """Let what was left at the vendor end: nothing goes on beside the next test."""
    acme.finish()
    for job in jobs.select():
        ttv_core.resume(job.id, config=many.config).wait(timeout=60)


def test_requests_are_read_as_they_are_needed(many, acme, tmp_path):
    read = itertools.count()
    accept = acme.accept

    def accept_and_hold(*request, **facts):
        task = accept(*request, **facts)
        acme.states = ["running"]  # those after the first
        return task

    acme.accept = accept_and_hold
    endless = ({"prompt": f"fox {next(read)}", "duration": 1} for _ in itertools.count())
    found = ttv_core.generate_many(
        endless, output=tmp_path / "out", config=many.config, backend="acme", concurrency=2
    )
    assert next(found).state == "completed"
    found.close()
    come_home(many, acme)
    assert next(read) < 200


def test_who_leaves_begins_no_other(many, acme, tmp_path, monkeypatch):
    """The place of the one that is left would go to the next."""
    monkeypatch.setattr("ttv_core.batch.run._AHEAD", 0)
    read = itertools.count()
    endless = ({"prompt": f"fox {next(read)}", "duration": 1} for _ in itertools.count())
    accept, second_is_here = acme.accept, threading.Event()

    def accept_and_hold_the_second(*request, **facts):
        acme.states = ["running" if acme.accepted == 1 else "done"]
        task = accept(*request, **facts)
        if acme.accepted == 2:
            second_is_here.set()
        return task

    acme.accept = accept_and_hold_the_second
    found = ttv_core.generate_many(
        endless, output=tmp_path / "out", config=many.config, backend="acme", concurrency=1
    )
    next(found)
    assert second_is_here.wait(60)
    found.close()
    assert (acme.accepted, next(read)) == (2, 2)
    come_home(many, acme)


# --- money --------------------------------------------------------------------------------------


def test_a_budget_holds_over_all_runs(many, acme):
    def run(budget):
        return many(foxes(5), budget=budget, concurrency=1)

    made = run("0.55")  # each is expected to cost $0.10, and costs $0.20
    assert by_state(made) == ["completed"] * 3 + ["refused"] * 2
    refused = next(item for item in made if item.state == "refused")
    assert "it costs $0.10, and $-0.05 of the budget are left" in refused.error.message
    assert by_state(run("0.55")) == ["refused"] * 2 + ["skipped"] * 3
    assert acme.accepted == 3
    made = run(1)
    assert by_state(made) == ["completed"] * 2 + ["skipped"] * 3
    assert sum(item.cost for item in made) == Decimal(1)


@pytest.mark.parametrize("how", ["filtered", "running"])
def test_what_an_earlier_run_may_have_spent_counts_before_it_is_known(how, many, acme):
    patience = {"timeout": 0.2} if how == "running" else {}
    config = {"backends": {"acme": many.config["backends"]["acme"] | patience}}
    acme.states = [how]
    [first] = many(foxes(1), config=config)
    seen = {"filtered": ("failed", "yes"), "running": ("detached", "unknown")}
    assert (first.state, first.charged) == seen[how]
    # A new request comes first, and would be begun before the old one is looked at again.
    new, old = {"prompt": "a hen", "duration": 1}, foxes(1)[0]
    made = {
        item.prompt: item for item in many([new, old], budget="0.15", concurrency=1, config=config)
    }
    assert made["a hen"].state == "refused"
    assert made["fox 0"].state == first.state  # it is not begun again, and not refused either
    acme.finish()
    many([old], budget="0.15")  # what is at the vendor comes home, whatever is left of the budget
    assert acme.accepted == 1


def test_what_those_under_way_leave_is_waited_for(many, acme):
    acme.fail("create", "status", status=400)
    made = many(foxes(3), budget="0.10")
    # The first is refused and costs nothing, so the second can be begun; nothing is left then.
    assert by_state(made) == ["completed", "failed", "refused"]
    assert acme.accepted == 1


def test_without_a_known_price_a_budget_allows_nothing(many, registry):
    class Dear(Grey):
        models = Capabilities.model_validate(
            {
                "backend": "grey",
                "kind": "local",
                "models": [{"id": "grey-1", "fps": 24, "canvas": {"sizes": ["64x36"]}}],
            }
        )

    registry["grey"] = Dear
    wanted = [{"prompt": "a"}, {"prompt": "b", "allow_unknown_cost": True, "duration": 0.5}]
    made = many(wanted, backend="grey", budget=1)
    assert states(made) == {1: "refused", 2: "completed"}
    refused = next(item for item in made if item.number == 1)
    assert [violation.code for violation in refused.error.violations] == ["cost_unknown"]


# --- what goes wrong ----------------------------------------------------------------------------


def test_what_the_vendor_refuses_is_tried_again_only_when_that_is_asked_for(many, acme):
    acme.fail("create", "status", status=400)
    made = many(foxes(2))
    assert sorted(states(made).values()) == ["completed", "failed"]
    assert next(item for item in made if item.state == "failed").again
    assert (acme.requests["create"], acme.accepted) == (2, 1)


def test_a_failure_stays_one_until_it_is_to_be_tried_again(many, acme):
    acme.states = [{"state": "failed", "charged": "no"}]
    made = many(foxes(2))
    assert by_state(made) == ["failed", "failed"]
    acme.states = ["done"]
    again = {item.again for item in made}
    assert by_state(many(foxes(2))) == ["failed", "failed"]
    assert acme.accepted == 2
    if again == {True}:
        assert by_state(many(foxes(2), retry_failed=True)) == ["completed"] * 2
        assert acme.accepted == 4
    else:  # it may have been charged: never by itself
        assert by_state(many(foxes(2), retry_failed=True)) == ["failed"] * 2
        assert acme.accepted == 2


def test_a_failure_is_the_same_error_in_the_next_run(many, registry):
    class Strict(Grey):
        def render(self, plan, context):
            raise ContentRejectedError("no", stage="output", reasons=["blood"], charged="no")

    registry["grey"] = Strict
    told = [many(foxes(1), backend="grey")[0].error.to_dict() for _ in range(2)]
    assert told[0] == told[1]
    assert (told[0]["type"], told[0]["reasons"]) == ("ContentRejectedError", ["blood"])


def test_what_is_done_is_done_also_where_the_rest_may_be_adjusted_now(many, acme):
    wanted = [*foxes(2), {"prompt": "a hen", "fps": 9.0}]
    assert by_state(many(wanted)) == ["completed", "completed", "refused"]
    adjusted = [fields | {"on_unsupported": "adjust"} for fields in wanted]
    assert by_state(many(adjusted)) == ["completed", "skipped", "skipped"]
    assert acme.accepted == 3


def test_what_the_user_has_mended_is_tried_again_by_itself(many, acme):
    wrong = {"backends": {"acme": {"base_url": acme.url, "api_key": "wrong"}}}
    assert by_state(many(foxes(2), config=wrong)) == ["failed"] * 2
    assert by_state(many(foxes(2))) == ["completed"] * 2
    assert acme.accepted == 2


def test_a_lost_answer_is_never_sent_again(many, acme):
    acme.fail("create", "reset", after=True)
    made = many(foxes(3), concurrency=1)
    assert by_state(made) == ["completed", "completed", "failed"]
    lost = next(item for item in made if item.state == "failed")
    assert (type(lost.error).__name__, lost.again) == ("SubmissionUncertainError", False)
    for retry in (False, True):
        assert by_state(many(foxes(3), retry_failed=retry)) == ["failed", "skipped", "skipped"]
    assert acme.accepted == 3
    jobs.adopt(lost.error.job_id, "task-000001")
    assert by_state(many(foxes(3))) == ["completed", "skipped", "skipped"]
    assert acme.accepted == 3


def test_an_overloaded_vendor_is_waited_for(many, acme, monkeypatch):
    acme.fail("create", "status", status=429, times=7, headers={"Retry-After": "0"})
    monkeypatch.setattr("ttv_core.batch.gates._BUSY_SECONDS", 0.01)
    assert by_state(many(foxes(2), concurrency=1)) == ["completed"] * 2
    assert acme.accepted == 2


def test_a_vendor_that_is_down_is_left_alone_for_a_while():
    from ttv_core import BackendUnavailableError, GenerationFailedError, QuotaExceededError
    from ttv_core.batch.gates import Gate

    down = BackendUnavailableError("down", retryable=True, charged="no")

    async def look():
        gate, loop = Gate(1), asyncio.get_running_loop()
        waits = []
        for error in [down] * 5:
            assert gate.failed(error)
            waits.append(round(gate._next - loop.time()))
        gate.went_well()
        gate._next = 0.0
        assert gate.failed(down)
        waits.append(max(0, round(gate._next - loop.time())))
        busy = QuotaExceededError("busy", retryable=True, charged="no", retry_after=7.0)
        assert gate.failed(busy)
        waits.append(round(gate._next - loop.time()))
        assert not gate.failed(GenerationFailedError("no", charged="no"))
        assert not gate.failed(BackendUnavailableError("?", retryable=True, charged="unknown"))
        return waits

    assert asyncio.run(look())[4:] == [60, 0, 7]


def test_a_wait_that_ends_leaves_the_job_to_the_next_run(many, acme):
    acme.states = ["running"]
    config = {"backends": {"acme": many.config["backends"]["acme"] | {"timeout": 0.2}}}
    made = many(foxes(1), config=config)
    assert by_state(made) == ["detached"]
    acme.finish()
    assert by_state(many(foxes(1))) == ["completed"]
    assert acme.accepted == 1


def test_a_video_that_is_gone_is_made_again_only_where_that_is_free(many, acme):
    for backend, then in (("grey", "completed"), ("acme", "failed")):
        [made] = many(foxes(1, backend=backend))
        made.path.unlink()
        made.path.with_name(f"{made.path.name}.json").unlink()
        assert by_state(many(foxes(1, backend=backend))) == [then]
    assert acme.accepted == 1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"budget": "much"}, "budget is 'much': say US dollars"),
        ({"budget": -1}, "budget is -1"),
        ({"budget": float("nan")}, "budget is nan"),
        ({"concurrency": 0}, "concurrency is 0: say how many at once, 1 or more"),
        ({"concurrency": 1.5}, "concurrency is 1.5"),
        ({"concurrency": True}, "concurrency is True"),
    ],
)
def test_what_is_no_number_is_refused_before_anything_is_read(how, said, many, tmp_path):
    with pytest.raises(InvalidInputError) as caught:  # at the call, not at the first video
        ttv_core.generate_many(foxes(1), output=tmp_path / "out", config=many.config, **how)
    assert said in caught.value.message
    assert not (tmp_path / "out").exists()


# --- the process ends ---------------------------------------------------------------------------


def test_who_leaves_stops_what_runs_here_and_leaves_no_part(many, tmp_path):
    heard = threading.Event()

    def wanted():
        yield {"prompt": "a fox", "duration": 0.5}
        heard.wait(60)  # planned beside each other, the second might be the first to be made
        yield {"prompt": "hold", "duration": 0.5}

    found = ttv_core.generate_many(
        wanted(),
        output=tmp_path / "out",
        config=many.config,
        backend="grey",
        on_event=lambda event: heard.set() if event.state == "running" else None,
    )
    first = next(found)
    found.close()
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {NAME, first.path.name, f"{first.path.name}.json"}
    Ledger(tmp_path / "out").close()  # nobody holds it any more


OTHER = """
import os, sys
sys.path.insert(0, {here!r})
import ttv_core
from acme import KINDS
from grey import Grey
from test_batch import foxes
ttv_core.GENERATOR_REGISTRY["acme"] = KINDS["keyed"]
ttv_core.GENERATOR_REGISTRY["grey"] = Grey
Grey.log = {log!r}
count = 0
wanted = [*foxes({acme}), *foxes({grey}, backend="grey")]
for item in ttv_core.generate_many(wanted, output={out!r}, config={config!r}, backend="acme"):
    count += item.state == "completed"
    if count == {stop}:
        os.kill(os.getpid(), 9)
print("done", flush=True)
"""


def test_killed_and_started_again_each_is_made_once(many, acme, tmp_path):
    """SIGKILL ten times on the way; what a vendor has is brought home, nothing is made twice."""
    remote, local = (1_000, 200) if FULL else (30, 10)
    out = tmp_path / "out"
    body = textwrap.dedent(OTHER).format(
        here=HERE,
        out=str(out),
        log=str(tmp_path / "rendered.txt"),
        config=many.config,
        acme=remote,
        grey=local,
        stop=(remote + local) // 11,
    )
    kills = 0
    while True:
        done = subprocess.run(
            [sys.executable, "-c", body], capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode != -signal.SIGKILL:
            break
        kills += 1
    assert (done.stdout, done.stderr) == ("done\n", "")
    assert kills >= 10
    assert acme.accepted == remote
    # One at a time on this machine: a kill leaves one unfinished, and only that is begun anew.
    begun = Counter((tmp_path / "rendered.txt").read_text().splitlines())
    assert len(begun) == local
    assert begun.total() <= local + kills
    videos = [path for path in out.iterdir() if path.suffix == ".mp4"]
    assert len(videos) == remote + local
    # All of a kind are equal, so none of them is half of one.
    kinds = Counter(path.read_bytes() for path in videos)
    assert sorted(kinds.values()) == sorted((remote, local))
    assert kinds[acme.video] == remote
    assert not [path.name for path in out.iterdir() if ".part" in path.name]
    entries = [json.loads(line) for line in (out / NAME).read_text().splitlines()[1:]]
    assert sum(entry["state"] == "completed" for entry in entries) == remote + local


# --- the ledger ---------------------------------------------------------------------------------


def test_one_process_at_a_time_has_a_batch(many, tmp_path):
    (tmp_path / "out").mkdir()
    with Ledger(tmp_path / "out"), pytest.raises(OutputError, match="another process works on"):
        many(foxes(1))


def test_a_ledger_that_was_cut_off_is_read_up_to_there(many, acme, tmp_path):
    many(foxes(2))
    path = tmp_path / "out" / NAME
    path.write_bytes(path.read_bytes() + b'{"key": "half')
    assert by_state(many(foxes(3))) == ["completed", "skipped", "skipped"]
    assert by_state(many(foxes(3))) == ["skipped"] * 3
    assert acme.accepted == 3


def test_what_is_no_ledger_is_not_overwritten(many, tmp_path):
    path = tmp_path / "out" / NAME
    path.parent.mkdir()
    path.write_text("something else\n")
    with pytest.raises(OutputError, match="is no ledger of a batch, or is damaged"):
        many(foxes(1))
    assert path.read_text() == "something else\n"


def test_a_folder_that_cannot_be_written_to(many, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        many(foxes(1), output=tmp_path / "file" / "out")
