"""`ttv plan`: who could make it, what would change, what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ttv_cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core import Config, Plan, VideoRequest
    from ttv_core.routing import Candidate

EPILOG = """\b
Examples:
  ttv plan "A red fox runs through snow" --duration 5 --size 1280x720
  ttv plan "A red fox" --image fox.png --max-cost 1 --json
  ttv plan "A red fox" --backend animatic

Nothing is sent and nothing is paid. With --backend the whole plan of that one is shown, with the
parameters that its engine would get. The exit code is 0 if anybody can make it, 3 if nobody can.
"""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@options.backend_option
@options.request_options
@options.config_option
@options.json_option
def plan(
    prompt: str | None,
    backend: str | None,
    config_file: str | None,
    as_json: bool,  # noqa: FBT001 - click passes by keyword
    **asked: Any,
) -> int:
    """Show which backend could make a video from PROMPT, without making it."""
    from ttv_cli.arguments import read_config, request_of

    config = read_config(config_file)
    request = request_of(prompt, asked, backend, config)
    if backend is not None:
        return _one(request, backend, config, as_json=as_json)
    return _all(request, config, as_json=as_json)


def _one(request: VideoRequest, backend: str, config: Config, *, as_json: bool) -> int:
    import ttv_core
    from ttv_cli.exits import exit_code
    from ttv_cli.planned import print_plan, reviewed
    from ttv_cli.terminal import print_json

    found = reviewed(ttv_core.plan(request, backend=backend, config=config))
    if as_json:
        print_json(found.to_dict())
    else:
        print_plan(found)
    try:
        found.check()
    except ttv_core.InvalidInputError as error:
        if as_json:
            return exit_code(error)
        raise
    return 0


def _all(request: VideoRequest, config: Config, *, as_json: bool) -> int:
    from ttv_cli.exits import UNAVAILABLE
    from ttv_cli.terminal import print_json

    rows = list(_rows(request, config))
    if as_json:
        print_json({"backends": [row.to_dict() for row in rows]})
    else:
        _draw(rows)
    return 0 if any(row.verdict != "no" for row in rows) else UNAVAILABLE


class _Row:
    """One backend's line."""

    def __init__(self, name: str, verdict: str, why: str, plan: Plan | None = None) -> None:
        self.name = name
        self.verdict = verdict
        self.why = why
        self.plan = plan

    def to_dict(self) -> dict[str, Any]:
        said = {"backend": self.name, "can": self.verdict, "why": self.why}
        return said | {"plan": self.plan.to_dict() if self.plan else None}


def _rows(request: VideoRequest, config: Config) -> Iterator[_Row]:
    import ttv_core
    from ttv_core.plugins import default_manager

    found = ttv_core.plan_all(request, config)
    bent: dict[str, Candidate] = {}
    if any(c.plan is not None and not c.plan.ok for c in found):
        # What would have to change is what the plan changes when it may.
        adjusted = request.with_(on_unsupported="adjust")
        bent = {c.name: c for c in ttv_core.plan_all(adjusted, config)}
    for candidate in found:
        yield _row(candidate, bent.get(candidate.name))
    for record in default_manager().records:
        if record.group == "ttv.backends" and record.status == "conflict":
            yield _Row(record.qualified, "no", record.reason)


def _row(candidate: Candidate, bent: Candidate | None) -> _Row:
    from ttv_cli.planned import PREVIEW, changes, reviewed

    chosen = candidate
    if candidate.plan is not None and not candidate.plan.ok and bent is not None and bent.usable:
        chosen = bent
    plan = reviewed(chosen.plan) if chosen.plan is not None else None
    if chosen.reason or plan is None:
        remedy = candidate.error.remedy if candidate.error is not None else None
        why = f"{candidate.reason}: {remedy}" if remedy else candidate.reason
        return _Row(candidate.name, "no", why, plan)
    if not plan.ok:
        return _Row(candidate.name, "no", "; ".join(v.message for v in plan.violations), plan)
    said = [changes(adjustment) for adjustment in plan.adjustments]
    if chosen.kind == "preview":
        said.append(PREVIEW)
    verdict = "adjusted" if plan.adjustments else "yes"
    return _Row(candidate.name, verdict, "; ".join(said), plan)


def _draw(rows: list[_Row]) -> None:
    from ttv_cli.tables import Cell, print_table
    from ttv_cli.terminal import note

    if not rows:
        note("no backend is installed; pip install ttv-animatic brings a preview, free")
        return
    styles = {"yes": "green", "adjusted": "yellow", "no": "red"}
    print_table(
        ["backend", "model", "can it?", "what would change", "cost"],
        [
            (
                row.name,
                row.plan.model if row.plan else "–",
                Cell(row.verdict, styles[row.verdict]),
                row.why or "–",
                row.plan.cost if row.plan and row.verdict != "no" else "–",
            )
            for row in rows
        ],
        flexible=[3],
    )
