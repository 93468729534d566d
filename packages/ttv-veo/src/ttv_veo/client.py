"""Google's own client, made so that it sends a create once."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ttv_core import ConfigurationError, background

if TYPE_CHECKING:
    import httpx

    from ttv_veo.settings import VeoSettings

__all__ = ["Google", "Place", "place_of"]

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_USUAL_REGION = "us-central1"
_SECONDS = 150
_KEPT_OPEN = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where Veo runs, and who pays.

    Attributes:
        project: The Google Cloud project; None when it is not said.
        region: The location.
        credentials: Those that `aiplatform.init()` was given, if it was.
    """

    project: str | None
    region: str
    credentials: Any = None


def place_of(settings: VeoSettings) -> Place:
    """Return where Veo runs: the settings, else what `aiplatform.init()` was told.

    google.cloud.aiplatform is not imported for that: who has called it has imported it.
    """
    module = sys.modules.get("google.cloud.aiplatform.initializer")
    told = getattr(module, "global_config", None)
    # The public properties would look for credentials on the network if nothing was told.
    project, region, credentials = (
        getattr(told, name, None) for name in ("_project", "_location", "_credentials")
    )
    return Place(
        settings.project_id or project,
        settings.region or region or _USUAL_REGION,
        None if settings.credentials_path else credentials,
    )


_open: dict[asyncio.AbstractEventLoop, dict[bool, httpx.AsyncClient]] = {}


def _connections(loop: asyncio.AbstractEventLoop) -> dict[bool, httpx.AsyncClient]:
    """Return the connections of an event loop, shared by every generator in it: create or not.

    Google's own choice would be aiohttp where that is installed, and on that it sends a create
    again when the connection drops. For creates no connection is kept either: whether a request has
    arrived on one that the other side has just closed, nobody can tell.
    """
    import httpx

    from ttv_veo.inline import put_aside

    def made(kept: int) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            limits=httpx.Limits(max_keepalive_connections=kept, keepalive_expiry=30.0),
            timeout=httpx.Timeout(_SECONDS, connect=10.0),
            event_hooks={"response": [put_aside]},
        )

    if loop not in _open:
        _open.clear()  # of a loop that is gone, as after a fork
        _open[loop] = {True: made(0), False: made(_KEPT_OPEN)}
        for client in _open[loop].values():
            background.at_end(client.aclose)
    return _open[loop]


class Google:
    """The clients of one generator: in each event loop one for creates, and one for the rest.

    Args:
        settings: Where, and as whom.
    """

    def __init__(self, settings: VeoSettings) -> None:
        self._settings = settings
        self._credentials: Any = None
        self._refused = False
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, Any]] = (
            WeakKeyDictionary()
        )

    @property
    def place(self) -> Place:
        """Where it runs.

        Raises:
            ConfigurationError: If no project is said.
        """
        place = place_of(self._settings)
        if place.project is None:
            # Without one, the client would send its requests to another address, unsigned.
            msg = "backends.veo.project_id is not set"
            raise ConfigurationError(
                msg, key="backends.veo.project_id", remedy="export GOOGLE_CLOUD_PROJECT=…"
            )
        return place

    @property
    def token(self) -> str:
        """The token that requests are sent with; "" while there is none."""
        return str(getattr(self._credentials, "token", None) or "")

    def credentials(self) -> Any:
        """Return the credentials, with a token that is valid now. Blocks; it may use the network.

        Raises:
            google.auth.exceptions.GoogleAuthError: If there are none, or they are refused.
        """
        from google.auth.transport.requests import Request

        if self._credentials is None:
            self._credentials = self._found()
        if self._refused or not self._credentials.valid:
            self._credentials.refresh(Request())
            self._refused = False
        return self._credentials

    def refused(self) -> None:
        """Have another token fetched before the next request: Google takes this one no more.

        By its own time it may be good still; it can be revoked, and clocks differ.
        """
        self._refused = True

    def _found(self) -> Any:
        import google.auth
        from google.oauth2 import service_account

        place, path = place_of(self._settings), self._settings.credentials_path
        if place.credentials is not None:
            return place.credentials
        if path is not None:
            path = path.expanduser()
            facts = json.loads(path.read_bytes())
            if facts.get("type") == "service_account":
                make: Any = service_account.Credentials.from_service_account_info
            else:
                make = _of_any_kind
            return make(facts, scopes=[_SCOPE])
        return google.auth.default(scopes=[_SCOPE])[0]

    async def client(self, *, creating: bool = False) -> Any:
        """Return a client of this event loop.

        Args:
            creating: Whether it is for a create.

        Raises:
            ConfigurationError: If no project is said.
        """
        loop = asyncio.get_running_loop()
        credentials = await asyncio.to_thread(self.credentials)
        here = self._clients.setdefault(loop, {})
        if creating not in here:
            here[creating] = self._made(credentials, _connections(loop)[creating])
        return here[creating]

    def _made(self, credentials: Any, connections: httpx.AsyncClient) -> Any:
        from google import genai
        from google.genai.types import HttpOptions

        place = self.place
        return genai.Client(
            vertexai=True,
            project=place.project,
            location=place.region,
            credentials=credentials,
            http_options=HttpOptions(
                api_version="v1",  # the default, v1beta1, refuses the models of today
                base_url=self._settings.base_url,
                timeout=_SECONDS * 1000,
                httpx_async_client=connections,
            ),
        )


def _of_any_kind(facts: Any, scopes: list[str]) -> Any:
    import google.auth

    load: Any = google.auth.load_credentials_from_dict
    return load(facts, scopes=scopes)[0]
