"""A plan in the making: what is settled so far, and what has been found to stand in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ttv_core.labels import plain_number, quoted
from ttv_core.results import Adjustment, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from ttv_core.capabilities import ModelCapabilities
    from ttv_core.domains import Numbers
    from ttv_core.request import VideoRequest
    from ttv_core.rules import Narrowed, Rule

__all__ = ["Draft"]


@dataclass
class Draft:
    """What planning knows of a request: the model, the settled values, and the findings.

    Attributes:
        request: What is asked.
        model: What the model can do.
        backend: Name of the backend.
        settled: Field to the value that is used, for rules and prices.
        exempt: Wishes that a backend need not read: told already, or fixed by the engine itself.
        adjustments: Wishes changed to the nearest legal value.
        violations: Wishes that cannot be served.
        warnings: What the user should know.
        extras: US dollars that come on top of the model's price, None where they cannot be known,
            each with its reason.
    """

    request: VideoRequest
    model: ModelCapabilities
    backend: str
    settled: dict[str, Any] = field(default_factory=dict)
    exempt: set[str] = field(default_factory=set)
    adjustments: list[Adjustment] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    extras: list[tuple[Decimal | None, str]] = field(default_factory=list)

    def refuse(self, name: str, code: str, message: str, allowed: str = "") -> None:
        """Record a violation, once."""
        violation = Violation(name, code, message, allowed)
        if violation not in self.violations:
            self.violations.append(violation)

    def warn(self, message: str) -> None:
        """Record a warning, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def change(
        self,
        name: str,
        asked: Any,
        used: Any,
        allowed: str,
        *,
        why: str = "",
        code: str = "out_of_range",
    ) -> None:
        """Record that another value is used, as the user allows it: adjustment or violation."""
        told = f"allowed: {allowed}{f' ({why})' if why else ''}"
        if self.request.on_unsupported == "adjust":
            self.adjustments.append(Adjustment(name, asked, used, told))
        else:
            message = f"{name} {quoted(asked)} is not possible with {self.model.id}; {told}"
            self.refuse(name, code, message, allowed)

    def drop(self, name: str, asked: Any, why: str) -> None:
        """Record that a wish the model does not know is left out."""
        self.exempt.add(name)
        if self.request.on_unsupported == "adjust":
            self.adjustments.append(Adjustment(name, asked, None, why))
        else:
            self.refuse(name, "unsupported", f"{name} {quoted(asked)}: {why}")

    @cached_property
    def _asked(self) -> dict[str, float]:
        """What the numbers that the user asked for will come to, if no rule narrows them."""
        request, model = self.request, self.model
        fps, seconds, frames = request.fps, request.duration, request.num_frames
        if model.fps is not None:
            usual = model.fps.only if model.fps.default is None else model.fps.default
            fps = usual if fps is None else model.fps.nearest(fps)
        if fps is not None and frames is not None and seconds is None:
            seconds = frames / fps
        elif fps is not None and seconds is not None:
            frames = round(seconds * fps)
        asked = (
            ("fps", fps, model.fps),
            ("duration", seconds, model.durations),
            ("num_frames", frames, model.frames),
            ("n", request.n, model.n),
        )
        return {
            name: value if domain is None else domain.nearest(value)
            for name, value, domain in asked
            if value is not None
        }

    def conflict(self, values: Mapping[str, Any], *, ahead: bool = False) -> Rule | None:
        """Return a rule that these values would break, given what is settled.

        Args:
            values: Field to value.
            ahead: Whether to respect what is asked of fields that are settled later: a value that
                nobody asked for gives way to a wish.
        """
        if not self.model.rules:
            return None
        facts = {**(self._asked if ahead else {}), **self.settled, **values}
        for rule in self.model.rules:
            broken = rule.broken(facts)
            if broken and not values.keys().isdisjoint({*rule.when, *broken}):
                return rule
        return None

    def why(self, values: Mapping[str, Any]) -> str:
        """Return the reason of the rule that these values would break; "" if there is none."""
        rule = self.conflict(values)
        return rule.why if rule is not None else ""

    def number(
        self,
        name: Narrowed,
        asked: float | None,
        domain: Numbers | None,
        *,
        usual: float | None = None,
    ) -> float | None:
        """Settle a number: the user's, the nearest legal one, or the default.

        Args:
            name: Field of the request.
            asked: The user's value.
            domain: The legal values; None when they are unknown.
            usual: What is nearly always meant, for a domain without a default.
        """
        if domain is None:
            if asked is not None:
                sent = plain_number(asked)
                self.warn(f"{self.model.id} does not say which {name} it takes; {sent} is sent")
            return asked
        if asked is not None and domain.only is not None:
            self.exempt.add(name)
        domain = self.narrowed(name, domain)
        if asked is None:
            return self._default(name, domain, usual)
        used = domain.nearest(asked)
        if not domain.allows(asked):
            self.change(name, asked, used, domain.describe(), why=self.why({name: asked}))
        return used

    def narrowed(self, name: Narrowed, domain: Numbers) -> Numbers:
        """Return what the rules leave of a domain, as far as fields are settled."""
        for rule in self.model.rules:
            if name not in rule.then or not rule.applies(self.settled):
                continue
            try:
                domain = domain.within(rule.then[name])
            except ValueError as error:
                self.refuse(name, "combination", f"{name}: {error}; {rule.why}".rstrip("; "))
                return domain
        legal = [value for value in domain.choices if not self.conflict({name: value})]
        if len(legal) == len(domain.choices):
            return domain
        if not legal:
            why = self.why({name: domain.choices[0]})
            said = f"no {name} is possible with what is settled before it; {why}"
            self.refuse(name, "combination", said.rstrip("; "), domain.describe())
            return domain
        return domain.within(legal)

    def _default(self, name: Narrowed, domain: Numbers, usual: float | None) -> float | None:
        """Return what the engine uses by itself, or the nearest that leaves all wishes possible."""
        default = domain.only if domain.default is None else domain.default
        if default is None and usual is not None:
            default = domain.nearest(usual)
        if default is None:
            return None
        near = sorted(domain.choices, key=lambda value: abs(value - default))
        free = (v for v in (default, *near) if not self.conflict({name: v}, ahead=True))
        return next(free, default)
