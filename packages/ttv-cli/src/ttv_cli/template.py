"""The configuration to begin with: every setting as a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core.plugins import PluginRecord

__all__ = ["template"]

_GENERAL = """\
# The configuration of ttv. Every line is a comment until you take the # away.
# `ttv config check` says whether it is right; `ttv config show` what is in use.
# ${VARIABLE} and ${VARIABLE:-default} are replaced by environment variables.

# Who makes the videos: a name from `ttv backends`, or auto for the best that can.
# default_backend: auto

# Who is tried next, in this order, when that surely costs nothing.
# fallback_backends: [animatic]

# Refuse what costs more, in US dollars a video.
# max_cost_per_video: 2.50

# Where videos go when the command does not say.
# output_dir: videos

# Whether auto looks at backends on this machine first, and in which order at the others.
# prefer_local_when_available: true
# api_priority_order: [runway, veo]

# Settings that every remote backend inherits; its own part in backends goes before.
# remote_api_settings:
#   timeout: 600            # seconds to wait for a video; the job goes on, ttv resume fetches it
#   polling_interval: 5     # seconds between two questions, instead of what earlier jobs took
#   max_retries: 2          # how often a request that surely was not accepted is sent again

# Settings of each executor: where `ttv batch --executor` renders. This one is in ttv-ray.
# executors:
#   ray: {address: "10.0.0.7:6379"}

# Settings of each backend.
# backends:
"""


def template() -> str:
    """Return the file, with a part for each installed backend."""
    from ttv_core.plugins import default_manager

    manager = default_manager()
    records = list(manager.backends().values())
    manager.load_within(records, 10.0)
    lines = [line for record in records for line in _part(record)]
    return _GENERAL + "".join(f"{line}\n" for line in lines)


def _part(record: PluginRecord) -> Iterator[str]:
    from ttv_cli.terminal import one_line

    if record.spec is None:
        return
    yield "#"
    yield f"#   # {one_line(record.spec.summary)}"
    setup = record.spec.setup
    for key in ("help", "url"):
        if setup.get(key):
            yield f"#   # {one_line(setup[key])}"
    for variable in setup.get("env", ()):
        yield f"#   # It reads the environment variable {one_line(variable)} by itself."
    yield f"#   {record.name}: {{}}"
