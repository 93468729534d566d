"""What both generations of the API have to answer, and which of them a model speaks."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from ttv_core import (
    InvalidInputError,
    JobNotFoundError,
    ModelNotFoundError,
    RemoteRef,
    SubmissionUncertainError,
    VideoGenerationError,
)
from ttv_core.http import as_id, mapping
from ttv_minimax.replies import good

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ttv_core import (
        Capabilities,
        ExpectedVideo,
        ModelCapabilities,
        Plan,
        Poll,
        RemoteFile,
        ResolvedRequest,
        SubmitSemantics,
    )
    from ttv_core.http import ApiClient
    from ttv_minimax.settings import MinimaxSettings

__all__ = ["DEFINITE_STATUSES", "Desk", "Protocol", "is_v2", "path_part", "whole_seconds"]

_V2 = re.compile(r"MiniMax-H\d", re.IGNORECASE)

DEFINITE_STATUSES = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422, 429})
"""HTTP statuses after which there surely is no job."""


def is_v2(model: str) -> bool:
    """Tell whether a model is made through v2 of the API: MiniMax-H3 and what follows it."""
    return _V2.match(model) is not None


def path_part(text: str) -> str:
    """Return an id, which a user may have typed, as part of a path."""
    return quote(text, safe="")


def whole_seconds(seconds: float) -> float:
    """Return 5.0 as 5, for that is what the vendor takes; 5.5 as it is, to be refused there."""
    return int(seconds) if float(seconds).is_integer() else seconds


@dataclass(frozen=True, slots=True)
class Desk:
    """What a protocol works with.

    Attributes:
        api: The API's address and the key.
        table: The models, for prices.
        settings: Of the backend.
    """

    api: ApiClient
    table: Capabilities
    settings: MinimaxSettings


class Protocol(ABC):
    """One generation of the API.

    Attributes:
        name: "v1" or "v2", kept with the job.
        semantics: What it promises about creates.
        create_path: Where creates go.
        uploads: Whether it takes references to uploaded files.
    """

    name: ClassVar[str]
    semantics: SubmitSemantics
    create_path: ClassVar[str]
    uploads: ClassVar[bool]

    @abstractmethod
    def native(
        self, request: ResolvedRequest, model: ModelCapabilities, base_url: str
    ) -> dict[str, Any]:
        """Return the body of the create, media still unread. Pure."""

    def expected(self, expected: ExpectedVideo) -> ExpectedVideo:
        """Return what the file can be held against."""
        return expected

    async def create(self, desk: Desk, body: Mapping[str, Any]) -> RemoteRef:
        """Send the one create.

        Raises:
            VideoGenerationError: If there is no job, or nobody knows.
        """
        reply = await desk.api.create(self.create_path, json=dict(body))
        task_id = as_id(mapping(reply.json()).get("task_id"))
        try:
            good(reply, desk.api)
        except VideoGenerationError as error:
            if task_id:
                msg = f"MiniMax names job {task_id} beside an error: {error.message}"
                raise SubmissionUncertainError(msg, code="id_with_error") from None
            if isinstance(error, JobNotFoundError):
                raise _no_such_model(error, desk) from None
            raise
        return RemoteRef(task_id, {"api": self.name})

    @abstractmethod
    async def poll(self, desk: Desk, ref: RemoteRef) -> Poll:
        """Ask how far a job is."""

    @abstractmethod
    async def fetch(self, desk: Desk, ref: RemoteRef) -> Sequence[RemoteFile]:
        """Say where the video is now."""

    async def cancel(self, desk: Desk, ref: RemoteRef) -> Poll | None:
        """Stop a job, where that can be done."""
        del desk, ref
        msg = "MiniMax cannot cancel jobs of this model"
        raise InvalidInputError(msg, code="cannot_cancel")

    async def lookup(self, desk: Desk, plan: Plan, since: float) -> RemoteRef | None:
        """Find a job whose answer was lost, where jobs are listed."""
        del desk, plan, since
        return None


def _no_such_model(error: VideoGenerationError, desk: Desk) -> ModelNotFoundError:
    return ModelNotFoundError(
        f"{desk.api.base_url} does not know the model, or is no address of the API",
        code=error.code,
        status_code=error.status_code,
        request_id=error.request_id,
        remedy="look at model and base_url",
    )
