"""What a journal of jobs must do; the SQLite file is one, others can be put in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ttv_core.errors import OutputError, VideoGenerationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from ttv_core.jobs.record import AttemptRecord, JobRecord

__all__ = ["ConflictError", "JobStore", "JournalError"]


class JournalError(OutputError):
    """The journal of jobs cannot be read or written."""

    default_code = "journal"


class ConflictError(VideoGenerationError):
    """Somebody else has changed the job meanwhile; read it again."""

    default_code = "conflict"
    default_retryable = True


class JobStore(Protocol):
    """Keeps jobs. What a future reports as done is durable: it survives the power going out."""

    @property
    def folder(self) -> Path:
        """Where it keeps its files."""

    def insert(self, record: JobRecord) -> Future[JobRecord]:
        """Add a job.

        Returns:
            The job; the one that is there already under the same `caller_key`, if there is one.
        """

    def update(
        self, record: JobRecord, *attempts: AttemptRecord, **changes: Any
    ) -> Future[JobRecord]:
        """Change a job, if it still is as `record` has it, and add to its attempts.

        Raises:
            ConflictError: Out of the future, if somebody else has changed it.
            ValueError: If the change of state is not a legal one.
        """

    def get(self, job_id: str) -> JobRecord | None:
        """Return a job, or None."""

    def find(self, text: str) -> list[JobRecord]:
        """Return the jobs whose id begins or ends with a text."""

    def select(
        self,
        *,
        states: Iterable[str] = (),
        backend: str | None = None,
        since: float | None = None,
        caller_key: str | None = None,
        limit: int | None = None,
    ) -> list[JobRecord]:
        """Return jobs, the newest first."""

    def attempts(self, job_id: str) -> list[AttemptRecord]:
        """Return what was done about a job, in order."""

    def took(self, backend: str, model: str) -> Sequence[float]:
        """Return the seconds that the last finished jobs of a model took at the vendor."""

    def delete(self, job_ids: Iterable[str]) -> Future[int]:
        """Forget jobs that have ended; return how many."""
