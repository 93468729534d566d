"""A backend of ttv's for the vendor here: it speaks OpenAI's wire."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ttv_core import (
    Capabilities,
    Poll,
    RemoteFile,
    RemoteRef,
    RemoteVideoGenerator,
    SubmitSemantics,
)
from ttv_core.http import ApiClient
from ttv_core.jobs import Polling

if TYPE_CHECKING:
    from ttv_core.planning import Plan


class LoopbackGenerator(RemoteVideoGenerator):
    """The backend."""

    name = "loopback"
    models = Capabilities.model_validate(
        {
            "backend": "loopback",
            "kind": "remote",
            "models": [
                {
                    "id": "sora-2",
                    "durations": [4, 8, 12],
                    "fps": 24,
                    "prices": [{"basis": "second", "amount": "0.10", "source": "made up"}],
                }
            ],
        }
    )
    semantics = SubmitSemantics(polling=Polling(floor=0.5, ceiling=5.0))

    def native(self, request: Any, model: Any) -> dict[str, Any]:
        """Map a request to OpenAI's parameters."""
        return {"model": model.id, "prompt": request.prompt, "seconds": f"{request.duration:g}"}

    @cached_property
    def api(self) -> ApiClient:
        """The vendor."""
        return ApiClient(self.base_url, headers={"Authorization": "Bearer x"}, backend=self.name)

    async def submit(self, plan: Plan, key: str) -> RemoteRef:
        """Create a job."""
        del key
        return RemoteRef((await self.api.create("/videos", json=plan.native)).json()["id"])

    async def poll(self, ref: RemoteRef) -> Poll:
        """Ask how far it is."""
        said = (await self.api.request("GET", f"/videos/{ref.id}")).json()
        done = said["status"] == "completed"
        files = await self.fetch(ref) if done else ()
        state = "done" if done else "running"
        return Poll(state=state, fraction=said["progress"] / 100, files=files)

    async def fetch(self, ref: RemoteRef) -> list[RemoteFile]:
        """Say where the video is."""
        return [RemoteFile(url=f"{self.base_url}/videos/{ref.id}/content")]
