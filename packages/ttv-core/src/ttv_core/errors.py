"""Everything that ttv raises.

```
VideoGenerationError
├── BackendUnavailableError      not installed, not configured or not reachable
│   └── PluginError              installed, but broken or incompatible
├── ConfigurationError           a setting is wrong; quotes its full key path
├── AuthenticationError          the vendor refuses the credentials
├── InvalidInputError            the request cannot be served as asked; `.violations`
│   └── CostLimitError           it would cost more than allowed
├── ContentRejectedError         moderation said no; `.stage`, `.reasons`
├── QuotaExceededError           `.kind` is "rate", "credits" or "concurrency"
├── ModelNotFoundError           unknown or retired model, or weights missing
├── GenerationFailedError        the engine said no, definitively
├── SubmissionUncertainError     may have been accepted, may have been charged
├── GenerationTimeoutError       the wait ended, the job goes on; `.job`
├── GenerationCancelledError     stopped on request
├── JobNotFoundError             no such job in the journal
├── JobExpiredError              the vendor no longer has the result
├── DownloadError                the video exists, fetching it failed
├── OutputError                  the file could not be written where it was asked for
└── AllBackendsFailedError       `.attempts`, each with its own error
```

Every error says what it knows of the backend, model and job, whether trying again can help
(`retryable`) and whether money may have been spent (`charged`: "yes", "no" or "unknown").
All of them survive pickling, so they cross process boundaries whole.
`python -m pydoc ttv_core.errors.QuotaExceededError` tells of one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar, Literal

    from ttv_core.results import Attempt, Violation

    Charged = Literal["yes", "no", "unknown"]

__all__ = [
    "AllBackendsFailedError",
    "AuthenticationError",
    "BackendUnavailableError",
    "ConfigurationError",
    "ContentRejectedError",
    "CostLimitError",
    "DownloadError",
    "GenerationCancelledError",
    "GenerationFailedError",
    "GenerationTimeoutError",
    "InvalidInputError",
    "JobExpiredError",
    "JobNotFoundError",
    "ModelNotFoundError",
    "OutputError",
    "PluginError",
    "QuotaExceededError",
    "SubmissionUncertainError",
    "VideoGenerationError",
]


NOT_SENT = "not_sent"
"""Code of an error that came before anything was sent: no connection was made."""


class VideoGenerationError(Exception):
    """Base of every error that ttv raises.

    Args:
        message: What happened, and to what.
        backend: Name of the backend concerned.
        model: Model id concerned.
        job_id: The ttv job id, where a job exists.
        code: Stable machine-readable code; the vendor's own where it has one.
        retryable: Whether the same call may succeed later.
        charged: Whether the attempt cost money: "yes", "no" or "unknown".
        retry_after: Seconds to wait before trying again, where the vendor says so.
        status_code: HTTP status, where there was one.
        request_id: The vendor's id of the request, for its support.
        remedy: The command, variable or setting that mends it.
    """

    default_code: ClassVar[str] = "generation_error"
    default_retryable: ClassVar[bool] = False
    default_charged: ClassVar[Charged] = "unknown"

    def __init__(
        self,
        message: str = "",
        *,
        backend: str | None = None,
        model: str | None = None,
        job_id: str | None = None,
        code: str | None = None,
        retryable: bool | None = None,
        charged: Charged | None = None,
        retry_after: float | None = None,
        status_code: int | None = None,
        request_id: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.backend = backend
        self.model = model
        self.job_id = job_id
        self.code = self.default_code if code is None else code
        self.retryable = self.default_retryable if retryable is None else retryable
        self.charged: Charged = self.default_charged if charged is None else charged
        self.retry_after = retry_after
        self.status_code = status_code
        self.request_id = request_id
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the message, followed by the remedy where there is one."""
        if self.remedy:
            return f"{self.message}\n  to mend it: {self.remedy}"
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the whole state: `Exception` alone would keep the positional arguments only."""
        return (_rebuild, (type(self), self.args, self.__dict__.copy()))

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON-able data, without the traceback.

        Its "type" is that of the tree above, also where an inner class makes it a `KeyError` too.
        """
        names = (cls.__name__ for cls in type(self).__mro__)
        public = next(name for name in names if not name.startswith("_"))
        data: dict[str, Any] = {"type": public, "message": self.message}
        for name in ERROR_FACTS:
            value = getattr(self, name)
            if value is not None:
                data[name] = value
        return data


ERROR_FACTS = (
    "backend",
    "model",
    "job_id",
    "code",
    "retryable",
    "charged",
    "retry_after",
    "status_code",
    "request_id",
    "remedy",
)


def _rebuild(
    cls: type[VideoGenerationError], args: tuple[Any, ...], state: dict[str, Any]
) -> VideoGenerationError:
    error = cls.__new__(cls)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class BackendUnavailableError(VideoGenerationError):
    """The backend is not installed, not configured or not reachable."""

    default_code = "backend_unavailable"
    default_charged = "no"


class PluginError(BackendUnavailableError):
    """A plugin is installed but broken or incompatible."""

    default_code = "plugin_error"


class ConfigurationError(VideoGenerationError):
    """A setting is missing or wrong; the message quotes its full key path.

    Args:
        message: What is wrong and what is allowed.
        key: The full key path, such as `backends.runway.max_duration`.
        **facts: As for `VideoGenerationError`.
    """

    default_code = "configuration"
    default_charged = "no"

    def __init__(self, message: str = "", *, key: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.key = key


class AuthenticationError(VideoGenerationError):
    """The vendor refuses the credentials."""

    default_code = "authentication"
    default_charged = "no"


class InvalidInputError(VideoGenerationError):
    """The request cannot be served as it is asked.

    Args:
        message: A summary; made from the violations when left out.
        violations: What exactly is wrong, one entry per field, with what is allowed.
        **facts: As for `VideoGenerationError`.
    """

    default_code = "invalid_input"
    default_charged = "no"

    def __init__(
        self, message: str = "", *, violations: Iterable[Violation] = (), **facts: Any
    ) -> None:
        self.violations = tuple(violations)
        super().__init__(message or "; ".join(v.message for v in self.violations), **facts)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain data, violations included."""
        return super().to_dict() | {"violations": [v.to_dict() for v in self.violations]}


class CostLimitError(InvalidInputError):
    """The request would cost more than allowed, or its price is unknown."""

    default_code = "cost_limit"


class ContentRejectedError(VideoGenerationError):
    """Moderation refused the input or the output.

    Args:
        message: What the vendor said.
        stage: "input" or "output".
        reasons: The vendor's reasons, one per entry.
        **facts: As for `VideoGenerationError`.
    """

    default_code = "content_rejected"

    def __init__(
        self,
        message: str = "",
        *,
        stage: Literal["input", "output"] = "input",
        reasons: Iterable[str] = (),
        **facts: Any,
    ) -> None:
        super().__init__(message, **facts)
        self.stage = stage
        self.reasons = tuple(reasons)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain data, stage and reasons included."""
        return super().to_dict() | {"stage": self.stage, "reasons": [*map(str, self.reasons)]}


class QuotaExceededError(VideoGenerationError):
    """A rate, credit or concurrency limit was reached.

    Args:
        message: What the vendor said.
        kind: "rate", "credits" or "concurrency".
        **facts: As for `VideoGenerationError`.
    """

    default_code = "quota_exceeded"
    default_retryable = True
    default_charged = "no"

    def __init__(
        self,
        message: str = "",
        *,
        kind: Literal["rate", "credits", "concurrency"] = "rate",
        **facts: Any,
    ) -> None:
        if kind == "credits":
            facts = {"retryable": False} | facts  # waiting brings no money
        super().__init__(message, **facts)
        self.kind = kind

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain data, the kind of limit included."""
        return super().to_dict() | {"kind": self.kind}


class ModelNotFoundError(VideoGenerationError):
    """The model is unknown or retired, or its weights are missing."""

    default_code = "model_not_found"
    default_charged = "no"


class GenerationFailedError(VideoGenerationError):
    """The engine failed, definitively."""

    default_code = "generation_failed"


class SubmissionUncertainError(VideoGenerationError):
    """The request may have been accepted, and charged; it is never sent again by itself."""

    default_code = "submission_uncertain"


class GenerationTimeoutError(VideoGenerationError):
    """The wait ended; the job goes on.

    Args:
        message: How long was waited.
        job: The job, to wait again.
        **facts: As for `VideoGenerationError`.
    """

    default_code = "timeout"

    def __init__(self, message: str = "", *, job: Any = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.job = job

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the live job; `job_id` is enough to find it again."""
        rebuild, (cls, args, state) = super().__reduce__()
        return (rebuild, (cls, args, state | {"job": None}))


class GenerationCancelledError(VideoGenerationError):
    """The generation was stopped on request."""

    default_code = "cancelled"


class JobNotFoundError(VideoGenerationError):
    """There is no such job in the journal."""

    default_code = "job_not_found"
    default_charged = "no"


class JobExpiredError(VideoGenerationError):
    """The vendor no longer has the result of the job."""

    default_code = "job_expired"
    default_charged = "yes"


class DownloadError(VideoGenerationError):
    """The video exists at the vendor; fetching it failed and can be resumed."""

    default_code = "download_failed"
    default_retryable = True
    default_charged = "yes"


class OutputError(VideoGenerationError):
    """The video cannot be written where it was asked for."""

    default_code = "output"
    default_charged = "no"


class AllBackendsFailedError(VideoGenerationError):
    """Every candidate failed or could not be used.

    Args:
        message: A summary; made from the attempts when left out.
        attempts: One entry per candidate, with its reason and error.
        **facts: As for `VideoGenerationError`.
    """

    default_code = "all_backends_failed"

    def __init__(
        self, message: str = "", *, attempts: Iterable[Attempt] = (), **facts: Any
    ) -> None:
        self.attempts = tuple(attempts)
        lines = [message] if message else []
        lines += [f"  {a.backend}: {a.reason}" for a in self.attempts]
        super().__init__("\n".join(lines), **facts)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain data, attempts included."""
        return super().to_dict() | {"attempts": [a.to_dict() for a in self.attempts]}
