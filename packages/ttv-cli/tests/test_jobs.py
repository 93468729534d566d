"""The jobs of the journal: looked at, settled, stopped, added up, forgotten."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from decimal import Decimal
from pathlib import Path

import pytest

from ttv_core.jobs import STATES
from ttv_core.jobs.journal import Journal
from ttv_core.jobs.record import JobRecord

FOX = ("generate", "a fox in the snow", "-b", "acme", "-d", "1", "-o", "fox.mp4")
STEPS = {
    "prepared": [],
    "submitting": ["submitting"],
    "unknown": ["submitting", "unknown"],
    "running": ["submitting", "accepted", "running"],
    "completed": ["submitting", "accepted", "remote_done", "completed"],
    "failed": ["failed"],
}


def job_id(number):
    return f"01JD0000000000000000{number:06}"


@pytest.fixture
def written(bare):
    """Write jobs down as other commands would have, `ago` seconds before now."""

    def write(number, state="prepared", ago=0.0, **facts):
        journal = Journal(Path(bare.env["TTV_STATE_DIR"]), now=lambda: time.time() - ago)
        facts = {"backend": "acme", "model": "acme-1", "charged": "yes"} | facts
        facts["plan"] = {"request": {"prompt": "a fox in the snow " * 3}}
        record = journal.insert(JobRecord(id=job_id(number), **facts)).result()
        for step in STEPS[state]:
            record = journal.update(record, state=step).result()
        journal.close()
        return record.id

    return write


def test_the_table_says_what_each_is_and_what_to_do_next(bare, written):
    (bare.cwd / "fox.mp4").touch()
    written(
        1, "completed", 7200, actual=Decimal("0.20"), result={"path": str(bare.cwd / "fox.mp4")}
    )
    written(2, "running", 90, estimate=Decimal("0.50"))
    written(3, "failed", 5, charged="no", error={"message": "no\x1b[31m foxes"})
    written(4, "completed", 4, estimate=Decimal("0.30"), result={"path": "/gone/fox.mp4"})
    done = bare.run("jobs")
    assert done.returncode == 0, done.stderr
    gone, failed, running, home = done.stdout.splitlines()[1:]
    assert home.split("  ")[0] == "00000001"
    assert home.endswith("fox.mp4")
    assert [
        word in home for word in ("done", "2 h", "$0.20", "a fox in the snow a fox in the…")
    ] == [True] * 4
    assert running.endswith("ttv resume 00000002")
    assert [word in running for word in ("running", "1 min", "about $0.50")] == [True] * 3
    assert failed.endswith(r"no\x1b[31m foxes")
    assert "nothing" in failed
    assert gone.endswith("/gone/fox.mp4 (not there any more)")


def test_the_list_can_be_narrowed(bare, written):
    written(1, "running", 90_000)
    written(2, "failed")
    written(3, "running", backend="other")

    def listed(*words):
        return [job["id"][-1] for job in bare.json("jobs", *words)["jobs"]]

    assert listed("--state", "running") == ["3", "1"]
    assert listed("--state", "running", "--state", "failed", "--backend", "acme") == ["2", "1"]
    assert listed("--since", "1h", "--limit", "1") == ["3"]
    assert listed("--since", time.strftime("%Y-%m-%d", time.localtime(time.time() - 200_000))) == [
        "3",
        "2",
        "1",
    ]
    assert "completed" in bare.run("jobs", "--state", "done").stderr
    assert bare.run("jobs", "--state", "done").returncode == 2
    assert "2w" in bare.run("jobs", "--since", "soon").stderr
    assert bare.run("jobs", "--json", "show", "1").returncode == 2


def test_an_empty_journal_is_no_error(bare):
    done = bare.run("jobs")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no job" in done.stderr
    assert bare.json("jobs") == {"jobs": [], "here": []}


def test_listing_imports_no_backend_and_nothing_that_talks(bare, vendor, written):
    written(1, "running")
    for name in ("acme_plugin", "acme_engine", "aiohttp", "av", "numpy"):
        (bare.site / f"{name}.py").write_text("raise SystemExit('imported')")
    done = bare.run("jobs")
    assert done.returncode == 0, done.stderr
    assert "00000001" in done.stdout


def test_everything_is_shown_of_one(bare, vendor):
    done = bare.run(*FOX, "--detach", "-q")
    job = done.stdout.strip()
    shown = bare.run("jobs", "show", job[-6:].lower()).stdout
    for text in (
        job,
        "task-000001",
        "a fox in the snow",
        "ttv-acme 1.0",
        vendor.url,
        "fox.mp4",
        "create",
    ):
        assert text in shown
    said = bare.json("jobs", "show", job)
    assert [(a["what"], a["outcome"]) for a in said["attempts"]] == [
        ("create", "started"),
        ("create", "accepted"),
    ]
    assert said["worked_on"] is False
    assert "acme-secret-key" not in shown + json.dumps(said)


def test_an_id_must_mean_one_job(bare, written):
    written(1)
    written(2)
    done = bare.run("jobs", "show", "01JD")
    assert done.returncode == 2
    assert "means 2 jobs" in done.stderr
    assert bare.json("jobs", "show", "9999", code=2)["error"]["code"] == "job_not_found"


@pytest.fixture
def uncertain(bare, vendor):
    """Return a job whose answer was lost, although the vendor has it."""
    vendor.fail("create", "reset", after=True)
    done = bare.run(*FOX)
    assert done.returncode == 6
    assert "Traceback" not in done.stderr
    return bare.records()[0].id


def test_of_a_job_in_doubt_it_is_said_what_to_check_and_what_settles_it(bare, vendor, uncertain):
    short, told = uncertain[-8:], bare.run("jobs").stdout
    assert f"whether acme has job {short} is not known" in told
    assert "look at acme (https://acme.example/videos)" in told
    assert "a fox in the snow" in told
    for verb in (f"adopt {short} REMOTE_ID", f"confirm-not-submitted {short}", f"abandon {short}"):
        assert f"ttv jobs {verb}" in told
    said = bare.json("jobs")["jobs"][0]
    assert said["vendor_page"] == "https://acme.example/videos"
    assert len(said["settle"]) == 3
    assert bare.run("jobs", "cancel", short).returncode == 6


def test_a_create_whose_process_ended_is_in_doubt_too(bare, written):
    written(1, "submitting", 60, submitted_at=time.time(), estimate=Decimal("0.10"))
    told = bare.run("jobs").stdout
    assert "sent, no answer" in told
    assert "perhaps $0.10" in told
    assert "ttv jobs adopt 00000001 REMOTE_ID" in told


def test_adopted_it_comes_home_without_another_create(bare, vendor, uncertain):
    vendor.end()
    done = bare.run("jobs", "adopt", uncertain, "task-000001")
    assert done.returncode == 0, done.stderr
    assert f"ttv resume {uncertain}" in done.stdout
    assert bare.run("resume", "-q").returncode == 0
    assert vendor.accepted == vendor.requests["create"] == 1
    assert bare.run("jobs", "adopt", uncertain, "task-000001").returncode == 2


def test_confirmed_as_not_submitted_it_is_sent_when_it_is_resumed(bare, vendor, uncertain):
    assert bare.json("jobs", "confirm-not-submitted", uncertain)["state"] == "prepared"
    assert vendor.requests["create"] == 1
    vendor.end()
    assert bare.run("resume", uncertain, "-q").returncode == 0
    assert vendor.requests["create"] == 2


def test_abandoned_it_is_never_asked_for_again(bare, vendor, uncertain):
    assert bare.json("jobs", "abandon", uncertain)["state"] == "abandoned"
    assert "every job is finished" in bare.run("resume", "--all").stderr
    assert vendor.requests == {"create": 1}


def test_a_running_job_is_cancelled(bare, vendor):
    job = bare.run(*FOX, "--detach", "-q").stdout.strip()
    said = bare.json("jobs", "cancel", job)
    assert said["state"] == "cancelled"
    assert bare.run("jobs", "cancel", job).returncode == 0
    assert vendor.requests["cancel"] == 1


def test_a_job_that_was_not_sent_is_not_sent_to_be_cancelled(bare, vendor, uncertain):
    bare.run("jobs", "confirm-not-submitted", uncertain)
    assert bare.json("jobs", "cancel", uncertain)["state"] == "cancelled"
    assert vendor.requests == {"create": 1}


def test_too_late_and_cannot_are_said(bare, vendor):
    job = bare.run(*FOX, "--detach", "-q").stdout.strip()
    settings = (bare.cwd / "ttv.yaml").read_text()
    (bare.cwd / "ttv.yaml").write_text(settings.replace("}}", ", can_cancel: false}}"))
    cannot = bare.run("jobs", "cancel", job)
    assert cannot.returncode == 6
    assert "acme cannot cancel" in cannot.stderr
    (bare.cwd / "ttv.yaml").write_text(settings)
    vendor.end()
    late = bare.run("jobs", "cancel", job)
    assert late.returncode == 5
    assert "cannot be cancelled any more" in late.stderr
    assert (bare.cwd / "fox.mp4").exists()  # it was paid for, so it is brought home


def test_what_jobs_have_cost_is_added_up(bare, written):
    written(1, "completed", actual=Decimal("0.20"), estimate=Decimal(9))
    written(2, "completed", estimate=Decimal("0.30"))
    written(3, "running", estimate=Decimal("0.40"), charged="unknown")
    written(4, "failed", charged="no", estimate=Decimal(9))
    written(5, "completed", model="acme-2")
    said = bare.json("jobs", "--cost")
    assert [(s["model"], s["jobs"], s["charged"]) for s in said["spending"]] == [
        ("acme-2", 1, "0"),
        ("acme-1", 4, "0.50"),
    ]
    assert said["total"] == {"jobs": 5, "charged": "0.50", "uncertain": "0.40", "unpriced": 1}
    last = bare.run("jobs", "--cost").stdout.splitlines()[-1].split()
    assert last == ["all", "5", "$0.50", "$0.40", "1"]


def test_purging_forgets_what_is_over_after_asking(bare, written):
    assert bare.run("jobs", "purge").stdout == "0 jobs forgotten\n"  # there is nothing to ask
    written(1, "completed", 40 * 86_400)
    written(2, "failed", 3600)
    written(3, "running", 40 * 86_400)
    asked = bare.run("jobs", "purge", input="n\n")
    assert asked.returncode == 2
    assert "forget 1 job?" in asked.stderr
    assert bare.run("jobs", "purge", stdin=-3).returncode == 2  # nobody can answer
    assert len(bare.records()) == 3
    assert bare.run("jobs", "purge", input="y\n").stdout == "1 job forgotten\n"
    assert [record.id[-1] for record in bare.records()] == ["3", "2"]
    assert bare.run("jobs", "purge", "--state", "running", "--yes").returncode == 2
    assert bare.json("jobs", "purge", "--older-than", "0s", "--yes") == {"purged": 1}
    assert [record.id[-1] for record in bare.records()] == ["3"]


@pytest.mark.parametrize(
    ("damage", "told"), [("garbage", "move"), ("newer", "pip install --upgrade")]
)
def test_a_journal_that_cannot_be_read_is_told_and_left_alone(bare, written, damage, told):
    written(1)
    file = Path(bare.env["TTV_STATE_DIR"]) / "jobs.db"
    if damage == "garbage":
        file.write_bytes(b"no database " * 1000)
    else:
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    before = file.read_bytes()
    for words in (("jobs",), ("resume",)):
        done = bare.run(*words)
        assert done.returncode == 2
        assert str(file) in done.stderr
        assert told in done.stderr
        assert "Traceback" not in done.stderr
    health = bare.run("doctor").stdout
    assert str(file) in health
    assert f"  jobs\n    {told}" in health
    assert file.read_bytes() == before


def test_the_doctor_counts_what_waits_for_somebody(bare, written):
    said = bare.json("doctor", code=3)["jobs"]
    assert said["unfinished"] == 0
    assert not Path(said["file"]).exists()  # looking makes nothing
    written(1, "running")
    written(2, "unknown")
    written(3, "completed")
    said = bare.json("doctor", code=3)["jobs"]
    assert (said["unfinished"], said["unknown"], said["error"]) == (2, 1, None)
    assert "2 unfinished, 1 of them unknown (ttv jobs)" in bare.run("doctor").stdout


def test_ids_and_states_complete(bare, written):
    def completed(line):
        words = {"_TTV_COMPLETE": "bash_complete", "COMP_WORDS": line}
        done = bare.run(env=words | {"COMP_CWORD": str(line.count(" "))})
        return [item.partition(",")[2] for item in done.stdout.splitlines() if item]

    assert completed("ttv resume ") == []
    assert not Path(bare.env["TTV_STATE_DIR"]).exists()
    written(1, "running")
    written(2, "completed")
    written(3, "unknown")
    assert completed("ttv resume ") == ["00000003", "00000001"]
    assert completed("ttv jobs show 01jd") == [job_id(3), job_id(2), job_id(1)]
    assert completed("ttv jobs adopt ") == ["00000003"]
    assert completed("ttv jobs --state can") == ["cancelling", "cancelled"]
    assert "confirm-not-submitted" in completed("ttv jobs c")


# --- what earlier versions wrote down -------------------------------------------------------------

JOURNALS = Path(__file__).parents[2] / "ttv-core" / "tests" / "compat" / "journals"


@pytest.mark.parametrize("kept", sorted(JOURNALS.iterdir()), ids=lambda path: path.name)
def test_jobs_of_an_earlier_version_are_told(bare, kept):
    shutil.copytree(kept / "state", bare.env["TTV_STATE_DIR"])
    known = json.loads((kept / "jobs.json").read_text(encoding="utf-8"))
    said = {job["id"]: job for job in bare.json("jobs")["jobs"]}
    for job in known:
        facts = {name: said[job["id"]][name] for name in job.keys() - {"attempts"}}
        assert facts == {name: job[name] for name in facts}
    table = bare.run("jobs").stdout
    assert all(state in table for state in STATES)
    lost = next(job for job in known if job["state"] == "unknown")
    shown = bare.run("jobs", "show", lost["id"]).stdout
    assert f"ttv jobs confirm-not-submitted {lost['id']}" in shown
