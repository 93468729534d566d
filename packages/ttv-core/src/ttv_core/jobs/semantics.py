"""What a vendor promises about creating a job, as data with evidence, and what follows from it.

A create whose answer is lost may have been accepted, and charged. Which answers are definite, and
what can be found out afterwards, differs from vendor to vendor; a backend declares it here. One
that declares nothing is treated as opaque, the most careful kind: every lost answer is left to a
person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ttv_core.errors import NOT_SENT, VideoGenerationError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = [
    "IdempotencyKey",
    "Lookup",
    "Outcome",
    "Polling",
    "SubmitSemantics",
    "may_send_again",
    "outcome_of",
]

Outcome = Literal["not_sent", "rejected", "ambiguous"]
"""What is known of a create that did not return a job: the connection was never made; the vendor
said no; or nobody knows."""

LONGEST_CREATE = 180.0
LONGEST_JOB = 24 * 60 * 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class IdempotencyKey:
    """The vendor knows a repeated create by its key and answers with the first job.

    Attributes:
        lifetime: Seconds the vendor remembers a key.
    """

    lifetime: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """The vendor's jobs can be listed, or found by a tag.

    Attributes:
        settle: Seconds after a create until its job is surely listed.
        absence_is_proof: Whether a job that is not listed after that was surely never accepted.
            Only a tag of our own proves that; a match by time and prompt does not.
    """

    settle: float = 150.0
    absence_is_proof: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Polling:
    """How often the vendor may be asked.

    Attributes:
        floor: Shortest seconds between two questions about one job.
        ceiling: Longest.
    """

    floor: float = 2.0
    ceiling: float = 15.0

    def __post_init__(self) -> None:
        """Refuse what would poll without a pause, or never."""
        if not 0 < self.floor <= self.ceiling:
            msg = f"0 < floor <= ceiling, not {self.floor:g} and {self.ceiling:g}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmitSemantics:
    """What a vendor promises about creates and results. Everything here needs evidence.

    A create whose answer is lost is repeated under its key, if `idempotency` is declared and less
    than half of the key's lifetime is over. What that does not settle is looked up, if `lookup` is
    declared. What that does not settle either is left to a person.

    Attributes:
        idempotency: The vendor's own idempotency key; None when it documents none. Sending an
            undocumented one is worse than none: it only looks like protection.
        lookup: How a job is found whose answer was lost; None when it cannot be.
        definite_reject: HTTP statuses that surely mean "not accepted", 404 among them where it
            can only be a wrong address or model. With any other the create counts as lost, and may
            end as uncertain and perhaps charged.
        definite_codes: Error codes in an answer's body that surely mean it.
        cancel: Whether a job can be cancelled, be it only while it is queued.
        result_lifetime: Seconds a finished result is kept; None when the vendor does not say.
        not_found_grace: Seconds for which "no such job" may be a delay of the vendor's.
        create_timeout: Seconds for one create. An early end of the wait makes ambiguity.
        polling: How often the vendor may be asked.
        evidence: Where all this is documented.

    Raises:
        ValueError: If something is promised without evidence.
    """

    idempotency: IdempotencyKey | None = None
    lookup: Lookup | None = None
    definite_reject: AbstractSet[int] = field(default_factory=frozenset)
    definite_codes: AbstractSet[str] = field(default_factory=frozenset)
    cancel: bool = False
    result_lifetime: float | None = None
    not_found_grace: float = 120.0
    create_timeout: float = LONGEST_CREATE
    polling: Polling = field(default_factory=Polling)
    evidence: str = ""

    def __post_init__(self) -> None:
        """Refuse promises that nobody made."""
        promises = (self.idempotency, self.lookup, self.definite_reject, self.definite_codes)
        if any(promises) and not self.evidence:
            msg = "say in evidence where the vendor promises this"
            raise ValueError(msg)


def outcome_of(error: BaseException, semantics: SubmitSemantics) -> Outcome:
    """Say what is known of a create that raised.

    The kind of exception cannot tell: a reset connection looks the same before and after the
    vendor has accepted. Only a connection that was never made is definite by itself; all else is
    what the vendor has declared, and ambiguous if it has not.

    Args:
        error: What the backend's `submit` raised.
        semantics: What its vendor promises.
    """
    if not isinstance(error, VideoGenerationError):
        return "ambiguous"
    if error.code == NOT_SENT:
        return "not_sent"
    if error.code in semantics.definite_codes or error.status_code in semantics.definite_reject:
        return "rejected"
    return "ambiguous"


def may_send_again(error: VideoGenerationError, outcome: Outcome) -> bool:
    """Tell whether a create that surely was not accepted may succeed a little later.

    Args:
        error: What the backend's `submit` raised.
        outcome: What is known of it.
    """
    return outcome == "not_sent" or (outcome == "rejected" and error.retryable)
