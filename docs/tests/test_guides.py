"""What the guides have readers write keeps the contract that they are told of."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import runway_vendor

import ttv_core as ttv
from tools.doc_pages import pages
from ttv_core import errors

PARTS = ("class AcmeGenerator(", "class Acme(Simulator):", "class TestAcme(")


STARTUP = Path(__file__).parent / "startup"
SERVED = """
import os, sys
BACKEND, *FALLBACKS = sys.argv[1].split()
crash = sys.argv[2]
heard = hear
def hear(order, event):
    heard(order, event)
    if crash == f"{event.backend} {event.state}":
        os._exit(9)
async def main():
    order = Order("fox-1", "a red fox", seconds=float(sys.argv[3]))
    await asyncio.gather(*take_up([order]))
    print(order.state, order.told, len(jobs.select()))
asyncio.run(main())
"""


def texts(name):
    (guide,) = (page for page in pages() if page.name == name)
    return [block.text for block in guide.blocks() if block.language == "python"]


@pytest.fixture
def serve(tmp_path, clip):
    """Return a function that runs the service of the guide, and the vendor it talks to."""
    parts = [text for text in texts("docs/run-a-service.md") if "def " in text]
    (tmp_path / "service.py").write_text("\n".join([*parts, SERVED]), encoding="utf-8")
    with runway_vendor.Runway(video=clip) as vendor:
        mine = {
            "PYTHONPATH": os.pathsep.join([str(STARTUP), os.environ.get("PYTHONPATH", "")]),
            "TTV_STATE_DIR": str(tmp_path / "state"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "RUNWAYML_API_SECRET": runway_vendor.KEY,
            "RUNWAYML_BASE_URL": vendor.url,
        }

        def run(backend, crash="-"):
            seconds = "0.5" if backend == "animatic" else "5"
            return subprocess.run(
                [sys.executable, "service.py", backend, crash, seconds],
                cwd=tmp_path,
                env=os.environ | mine,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

        run.vendor = vendor
        yield run


@pytest.mark.parametrize("crash", ["runway accepted", "runway downloading"])
def test_the_service_takes_up_what_a_vendor_has(serve, crash):
    assert serve("runway", crash).returncode == 9
    again = serve("runway")
    assert serve.vendor.accepted == 1, again.stderr
    once_more = serve("runway")
    assert again.stdout.split()[:2] == once_more.stdout.split()[:2] == ["done", "fox-1.mp4"]
    assert serve.vendor.accepted == 1


def test_the_service_keeps_an_order_open_of_which_nobody_knows(serve):
    assert serve("runway", "runway submitting").returncode == 9
    again = serve("runway")
    assert again.stdout.split()[0] == "open", again.stderr
    assert serve.vendor.accepted == 0


def test_the_service_goes_on_with_the_fallback(serve):
    serve.vendor.fail("create", "status", status=400)
    assert serve("runway animatic", "animatic running").returncode == 9
    again = serve("runway animatic")
    assert again.stdout.startswith("done fox-1.mp4 for free"), again.stderr
    assert serve.vendor.accepted == 0
    assert serve.vendor.requests["create"] == 1


def test_the_service_begins_anew_on_this_machine_and_knows_what_was_finished(serve):
    assert serve("animatic", "animatic running").returncode == 9
    assert serve("animatic").stdout.startswith("done fox-1.mp4 for free")
    assert serve("animatic").stdout.split()[0] == "done"


def test_the_service_has_an_answer_to_every_error():
    (part,) = (text for text in texts("docs/run-a-service.md") if "def answer" in text)
    names = {"ttv": ttv, "BACKEND": "animatic"}
    exec(part, names)
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "VideoGenerationError"]
    answers = {kind.__name__: names["answer"](kind("secret")) for kind in kinds}
    assert [kind for kind, (_, text) in answers.items() if text == "Something went wrong."] == []
    assert all(status >= 400 and "secret" not in text for status, text in answers.values())
    assert names["answer"](ttv.VideoGenerationError("x")) == (500, "Something went wrong.")


def test_the_backend_at_a_vendor_passes_the_whole_kit(tmp_path):
    shown = texts("docs/guides/backends.md")
    found = [next(text for text in shown if part in text) for part in PARTS]
    no_plugin = "    plugin = None  # it is in no package\n"
    (tmp_path / "acme_backend.py").write_text(found[0], encoding="utf-8")
    (tmp_path / "acme_vendor.py").write_text(found[1], encoding="utf-8")
    (tmp_path / "test_acme.py").write_text(
        "from acme_backend import AcmeGenerator\nfrom acme_vendor import Acme\n"
        f"{found[2].rstrip()}\n{no_plugin}",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("TTV_")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
