"""Real plugins, installed for a test only, and the real command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import sysconfig
import textwrap
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from ttv_core.jobs.journal import Journal
from ttv_core.media import VideoWriter
from ttv_core.testing import Simulator

# A job in the background, as CI may be, has Ctrl-C ignored, and one under nohup a closed terminal;
# it would hand that on to the commands.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

TTV = Path(sysconfig.get_path("scripts")) / "ttv"

PLUGIN = """
from ttv_core.hookspecs import BackendSpec, hookimpl

@hookimpl
def ttv_backends():
    return [BackendSpec(name="{name}", summary="{summary}", generator="{module}_engine:{cls}",
                        kind="{kind}", setup={setup})]
"""

SNAIL = """
import time
from pathlib import Path
import numpy
from pydantic import BaseModel, ConfigDict
from ttv_core import (Availability, BackendSettings, Capabilities, ContentRejectedError,
                      GenerationFailedError, LocalVideoGenerator, QuotaExceededError,
                      SubmissionUncertainError)

class Settings(BackendSettings):
    model: str | None = None
    level: int = 0

class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    wait: float = 0.0
    fail: str = ""
    shade: int | str = 0

class Snail(LocalVideoGenerator):
    name = "snail"
    Settings = Settings
    Options = Options
    models = Capabilities.model_validate({
        "backend": "snail", "kind": "local", "notes": ["Made by Acme; MIT."], "models": [{
            "id": "snail-1", "summary": "grey frames", "fps": {"choices": [12, 24], "default": 12},
            "durations": {"choices": [1, 2, 4], "default": 1}, "seed": {"maximum": 99},
            "canvas": {"sizes": ["128x72", "72x128"], "default": "128x72"},
            "inputs": {"first_frame": {}}, "modes": ["text_to_video", "image_to_video"],
            "licence": {"name": "Acme Weights License", "excluded": ["Atlantis", "Lemuria"],
                        "terms": ["no foxes"], "url": "https://acme.example/licence"},
            "rules": [{"when": {"size": ["72x128"]}, "then": {"duration": [1]},
                       "why": "tall is short"}],
            "prices": [{"basis": "second", "amount": "0.10", "source": "acme.example/prices",
                        "as_of": "2026-11-20"}],
        }]})

    def render(self, plan, context):
        options = self.Options.model_validate(plan.request.options.get("snail", {}))
        raised = {"failed": GenerationFailedError("the engine \\x1b[31msaid no"),
                  "rejected": ContentRejectedError("no foxes"),
                  "uncertain": SubmissionUncertainError("no answer came"),
                  "quota": QuotaExceededError("too many"),
                  "bug": ZeroDivisionError("oh")}
        total = plan.expected.num_frames
        for i in range(total):
            context.progress(i, total)
            if options.fail:
                raise raised[options.fail]
            time.sleep(options.wait)
            while Path("hold").exists() and any(Path("out").glob("[!.]*.mp4")):
                context.check()
                time.sleep(0.02)
            yield numpy.full((plan.expected.height, plan.expected.width, 3), i, numpy.uint8)

    def native(self, request, model):
        return request.canonical() | {"shade": request.options.shade}
"""

FIVE = """
import numpy
from pathlib import Path
from ttv_core.media import VideoWriter

class Five:
    "Five methods, and nothing else."
    def __init__(self, **config):
        self.config = config
    def generate_video(self, prompt, **kwargs):
        with VideoWriter(Path(kwargs["output_path"]), width=64, height=36, fps=12) as video:
            for i in range(12):
                video.write(numpy.full((36, 64, 3), i, numpy.uint8))
        return kwargs["output_path"]
    def get_capabilities(self):
        return {"max_duration": 10, "max_resolution": "720p", "limit": float("inf")}
    def estimate_cost(self, **kwargs):
        return 0.0
    def validate_inputs(self, **kwargs):
        return []
    def is_available(self):
        return True
"""

KEYED = """
from ttv_core import Availability, BackendSettings, Capabilities, LocalVideoGenerator
from ttv_core.settings import SecretStr

class Settings(BackendSettings):
    environment = {"api_key": ("KEYED_API_KEY",)}
    api_key: SecretStr | None = None

class Keyed(LocalVideoGenerator):
    name = "keyed"
    Settings = Settings
    models = Capabilities.model_validate({
        "backend": "keyed", "kind": "remote", "models": [{"id": "keyed-1"}]})

    def availability(self, *, deep=False):
        ok = self.settings.api_key is not None
        return Availability(ok, () if ok else ("no key",),
                            () if ok else ("export KEYED_API_KEY=…",))

    def render(self, plan, context):
        raise AssertionError
"""

ACME = """
import asyncio
from pathlib import Path
from decimal import Decimal
from typing import ClassVar
from ttv_core import (AuthenticationError, BackendUnavailableError, Capabilities,
                      GenerationFailedError, InvalidInputError, Poll, RemoteFile, RemoteRef,
                      RemoteSettings, RemoteVideoGenerator, SubmitSemantics)
from ttv_core.http import ApiClient
from ttv_core.jobs import Polling
from ttv_core.settings import SecretStr

class Settings(RemoteSettings):
    environment: ClassVar = {"api_key": ("ACME_API_KEY",)}
    api_key: SecretStr | None = None
    can_cancel: bool = True

class Acme(RemoteVideoGenerator):
    name = "acme"
    Settings = Settings
    models = Capabilities.model_validate({
        "backend": "acme", "kind": "remote", "models": [{
            "id": "acme-1", "durations": [1, 2], "fps": 12,
            "prices": [{"basis": "second", "amount": "0.10"}]}]})

    @property
    def semantics(self):
        return SubmitSemantics(definite_reject={401, 402}, evidence="conftest.py",
                               polling=Polling(floor=0.02, ceiling=0.05),
                               cancel=self.settings.can_cancel)

    def native(self, request, model):
        return {"text": request.prompt, "seconds": request.duration}

    async def asked(self, method, path, **how):
        key = self.settings.api_key.get_secret_value()
        api = ApiClient(self.base_url, headers={"Authorization": key}, backend=self.name)
        reply = await (api.create(path, **how) if how else api.request(method, path))
        if not reply.ok:
            kinds = {401: AuthenticationError, 402: BackendUnavailableError,
                     409: InvalidInputError}
            kind = kinds.get(reply.status, GenerationFailedError)
            raise kind(f"acme says {reply.status}", status_code=reply.status)
        return reply.json()

    async def prepare(self, plan):
        while Path("not-yet").exists():
            await asyncio.sleep(0.02)
        return plan.native

    async def submit(self, plan, key):
        said = await self.asked("POST", "/videos", json=dict(plan.native))
        return RemoteRef(said["id"])

    async def poll(self, ref):
        said = await self.asked("GET", f"/videos/{ref.id}")
        state = said["state"]
        failed = GenerationFailedError("acme could not", charged="no")
        cost = Decimal("0.20") if state == "done" else None
        return Poll(state=state, word=state, error=failed if state == "failed" else None,
                    cost=cost)

    async def fetch(self, ref):
        return [RemoteFile(url=f"{self.base_url}/files/{ref.id}")]

    async def cancel(self, ref):
        await self.asked("DELETE", f"/videos/{ref.id}")
"""


class Vendor(Simulator):
    """What `ACME` speaks to. It has neither keys nor a list: a lost answer stays lost."""

    def routes(self):
        return [
            ("create", "POST", "/videos", self.create),
            ("poll", "GET", "/videos/{id}", self.poll),
            ("cancel", "DELETE", "/videos/{id}", self.cancel),
            ("file", "GET", "/files/{id}", self.file),
        ]

    slow = False

    async def create(self, request):
        while self.slow:  # noqa: ASYNC110 - set by the test, in another thread
            await asyncio.sleep(0.02)
        return web.json_response({"id": self.accept(await request.json()).id})

    async def poll(self, request):
        return web.json_response({"state": self.tasks[request.match_info["id"]].next()})

    async def cancel(self, request):
        task = self.tasks[request.match_info["id"]]
        if task.states[0] == "done":
            return web.json_response({}, status=409)
        self.end("cancelled")
        return web.json_response({})

    def end(self, state="done"):
        """Bring every job to its end, and those that are still to come."""
        self.states = [state]
        for task in list(self.tasks.values()):
            task.states = deque([state])  # in one step: a poll may be looking at it


@dataclass
class Shell:
    """A folder to work in, an environment, and plugins that are installed there only."""

    cwd: Path
    site: Path
    env: dict[str, str]

    def install(self, distribution, entry_points, version="1.0", requires=(), **modules):
        """Install a distribution: metadata and modules, as pip would leave them."""
        info = self.site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}"
        )
        (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))
        for name, source in modules.items():
            (self.site / f"{name}.py").write_text(textwrap.dedent(source))

    def backend(self, name, engine, cls, kind="local", distribution=None, setup=None):
        """Install a backend that describes itself with the hook."""
        self.install(
            distribution or f"ttv-{name}",
            f"[ttv.backends]\n{name} = {name}_plugin\n",
            **{
                f"{name}_plugin": PLUGIN.format(
                    name=name, module=name, cls=cls, kind=kind, setup=setup or {}, summary="A test"
                ),
                f"{name}_engine": engine,
            },
        )

    def run(self, *words, **kwargs):
        """Run `ttv` to its end."""
        env = self.env | kwargs.pop("env", {})
        kwargs = {"capture_output": True, "text": True, "timeout": 60, "encoding": "utf-8"} | kwargs
        return subprocess.run([TTV, *words], cwd=self.cwd, env=env, check=False, **kwargs)

    def json(self, *words, code=0, **kwargs):
        """Run `ttv … --json` and return the one document on standard output."""
        done = self.run(*words, "--json", **kwargs)
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout)

    def start(self, *words, **kwargs):
        """Start `ttv` in a process group of its own.

        A test that reads from it until some line comes is not held up for ever by one that never
        says it.
        """
        kwargs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | kwargs
        process = subprocess.Popen(
            [TTV, *words], cwd=self.cwd, env=self.env, start_new_session=True, **kwargs
        )
        watch = threading.Timer(180, process.kill)
        watch.daemon = True
        watch.start()
        return process

    def until(self, process, text):
        """Read from a command's standard error until a line has the text; return what was read."""
        seen = ""
        for line in process.stderr:
            seen += line
            if text in line:
                return seen
        raise AssertionError(seen)

    def records(self):
        """Return what the journal has, the newest job first."""
        journal = Journal(Path(self.env["TTV_STATE_DIR"]))
        try:
            return journal.select()
        finally:
            journal.close()

    def left_behind(self):
        """Return the names of all files in the folder, hidden ones too."""
        return sorted(path.name for path in self.cwd.rglob("*"))


@pytest.fixture
def bare(tmp_path):
    """A shell where no backend of ours is installed for the test."""
    cwd, site = tmp_path / "work", tmp_path / "site"
    cwd.mkdir()
    site.mkdir()
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TTV_", "KEYED_", "COV_")) and name not in {"NO_COLOR", "TERM"}
    }
    kept = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    env |= {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHONPATH": os.pathsep.join([str(site), *kept]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TTV_DISABLE_PLUGINS": "ttv-animatic",
        "TTV_STATE_DIR": str(tmp_path / "state"),
        "TERM": "xterm",
    }
    return Shell(cwd, site, env)


@pytest.fixture
def shell(bare):
    """A shell with the backends `snail` (slow, local), `five` (five methods), `keyed` (a key)."""
    bare.backend("snail", SNAIL, "Snail")
    bare.install("five-dist", "[ttv.backends]\nfive = five_module:Five\n", five_module=FIVE)
    bare.backend("keyed", KEYED, "Keyed", kind="remote", setup={"env": ["KEYED_API_KEY"]})
    return bare


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """The bytes of a small video."""
    path = tmp_path_factory.mktemp("video") / "small.mp4"
    with VideoWriter(path, width=64, height=36, fps=12) as writer:
        for level in range(12):
            writer.write(np.full((36, 64, 3), level * 20, np.uint8))
    return path.read_bytes()


@pytest.fixture
def vendor(bare, video):
    """A vendor whose jobs run until the test ends them, and the backend `acme` for it."""
    setup = {"env": ["ACME_API_KEY"], "url": "https://acme.example/videos"}
    bare.backend("acme", ACME, "Acme", kind="remote", setup=setup)
    bare.env["ACME_API_KEY"] = "acme-secret-key"
    with Vendor(["running"], video) as vendor:
        settings = f"backends: {{acme: {{base_url: {vendor.url}}}}}\n"
        (bare.cwd / "ttv.yaml").write_text(settings)
        yield vendor


@pytest.fixture
def interrupted(shell):
    """Start a slow generation, send signals to it after its first progress, and wait."""

    def run(*signals, words=()):
        process = shell.start(
            "generate", "fox", "-b", "snail", "-d", "4", "-O", "wait=0.5", "-o", "fox.mp4", *words
        )
        seen = []
        for line in process.stderr:
            seen.append(line)
            if line.startswith("running"):
                break
        for number in signals:
            os.killpg(process.pid, number)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, out, "".join(seen) + err

    return run


assert sys.platform != "win32", "these tests use POSIX signals and terminals"
