"""A plan in words: what would be made, what would change, what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttv_cli.tables import Cell, print_table
from ttv_cli.terminal import one_line, print_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ttv_core import Adjustment, ExpectedVideo, Plan

__all__ = ["PREVIEW", "changes", "kind_of", "print_plan", "reviewed", "video_facts"]

PREVIEW = "a preview, not a generated video"
_UNITS = {"duration": " s"}


def kind_of(backend: str) -> str:
    """Return "local", "remote" or "preview" as its plugin says; "" when it is unknown."""
    from ttv_core.plugins import default_manager

    record = default_manager().find(backend)
    return record.spec.kind if record is not None and record.spec is not None else ""


def reviewed(plan: Plan) -> Plan:
    """Return the plan with what the policies of the installed plugins say."""
    from ttv_core.plugins import default_manager

    found: Plan = default_manager().review(plan)
    return found


def changes(adjustment: Adjustment) -> str:
    """Return "duration 5 → 6 s (allowed: 4, 6, 8)"."""
    asked, used = (_value(adjustment.field, v) for v in (adjustment.asked, adjustment.used))
    unit = _UNITS.get(adjustment.field, "")
    after = "left out" if adjustment.used is None else f"{used}{unit}"
    why = f" ({adjustment.why})" if adjustment.why else ""
    return one_line(f"{adjustment.field} {asked} → {after}{why}")


def _value(field: str, value: Any) -> str:
    if field == "size" and isinstance(value, list | tuple):
        return "x".join(str(edge) for edge in value)
    if isinstance(value, float):
        return f"{value:g}"
    text = str(getattr(value, "label", value))
    return text if len(text) <= 60 else f"{text[:60]}…"


def video_facts(facts: ExpectedVideo | Any) -> list[str]:
    """Return "1280x720", "5.0 s", "24 fps" and the sound, as far as they are known."""
    found = []
    if facts.width and facts.height:
        found.append(f"{facts.width}x{facts.height}")
    if facts.duration:
        found.append(f"{facts.duration:.1f} s")
    if facts.fps:
        found.append(f"{facts.fps:.6g} fps")
    return found


def print_plan(plan: Plan) -> None:
    """Print a whole plan, native parameters included."""
    print_line(one_line(f"{plan.backend} {plan.model} · {plan.mode}"))
    print_table(["", ""], list(_facts(plan)), flexible=[1])
    if plan.native:
        print_line()
        print_line("what would be sent:")
        native = plan.to_dict()["native"]
        print_table(["", ""], list(native.items()), flexible=[1], indent=2)


def _facts(plan: Plan) -> Iterator[tuple[object, object]]:
    if kind_of(plan.backend) == "preview":
        yield "makes", PREVIEW
    yield "video", " · ".join(video_facts(plan.expected)) or "as the engine decides"
    cost = plan.cost
    basis = "" if cost.basis == "free" else cost.basis
    said = ", ".join(part for part in (basis, cost.source, cost.as_of) if part)
    yield "cost", f"{cost} ({said})" if said else cost
    for adjustment in plan.adjustments:
        yield Cell("changes", "yellow"), changes(adjustment)
    for warning in plan.warnings:
        yield Cell("note", "yellow"), warning
    for violation in plan.violations:
        yield Cell("refused", "red"), violation.message
