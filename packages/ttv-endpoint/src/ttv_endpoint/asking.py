"""What a server says of itself: which kind it is, and which models it serves. Starts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttv_core import BackendUnavailableError, ModelNotFoundError
from ttv_core.http import mapping
from ttv_endpoint.dialects import DIALECTS
from ttv_endpoint.replies import trouble
from ttv_endpoint.served import basename

if TYPE_CHECKING:
    from ttv_core.http import ApiClient
    from ttv_endpoint.dialects import Dialect

__all__ = ["Server", "check_model", "check_videos", "models_at", "server_at"]


@dataclass(frozen=True, slots=True)
class Server:
    """A server, as it describes itself.

    Attributes:
        models: The names under which it serves models; empty if it does not say.
        dialect: Which kind it is; None if it does not say.
    """

    models: tuple[str, ...]
    dialect: Dialect | None

    def describe(self) -> str:
        """Say it in words."""
        title = self.dialect.title if self.dialect is not None else "a server of a kind unknown"
        return f"{title} serves {', '.join(self.models) or 'models that it does not name'}"


async def models_at(api: ApiClient) -> Server:
    """Ask a server for its models; whose they are tells which kind of server it is, if at all.

    Raises:
        VideoGenerationError: If it gives no list of models.
    """
    reply = await api.request("GET", "/v1/models")
    if not reply.ok:
        raise trouble(reply, api)
    listed = mapping(reply.json()).get("data")
    cards = [mapping(card) for card in listed] if isinstance(listed, list) else []
    names = tuple(card["id"] for card in cards if isinstance(card.get("id"), str))
    owners = {card.get("owned_by") for card in cards if isinstance(card.get("owned_by"), str)}
    found = [dialect for dialect in DIALECTS.values() if dialect.owners & owners]
    return Server(names, found[0] if len(found) == 1 else None)


async def server_at(api: ApiClient) -> Server:
    """Ask a server what it is: by its models, or else by the form that it describes.

    Raises:
        VideoGenerationError: If it gives no list of models.
    """
    server = await models_at(api)
    return server if server.dialect is not None else Server(server.models, await _by_its_form(api))


async def _by_its_form(api: ApiClient) -> Dialect | None:
    """Know a server by the fields of its create, where it describes them."""
    reply = await api.request("GET", "/openapi.json")
    schemas = mapping(mapping(mapping(reply.json()).get("components")).get("schemas"))
    forms = [
        mapping(mapping(schema).get("properties")).keys()
        for name, schema in schemas.items()
        if name.startswith("Body_create_video_v1_videos")
    ]
    known = (d for d in DIALECTS.values() if any(d.mark in form for form in forms))
    return next(known, None)


def check_model(server: Server, name: str | None, dialect: Dialect, url: str) -> None:
    """See that a server serves a model. Some do not look, and use what they have.

    Args:
        server: What it says of itself.
        name: The model that is asked for; None if the choice is the server's.
        dialect: How it is spoken to.
        url: Where it is.

    Raises:
        ModelNotFoundError: If it serves others.
    """
    if name is None or not server.models or name in server.models:
        return
    same = {basename(model) for model in server.models}
    if basename(name) in same and not dialect.refuses_other_models:
        return
    served = ", ".join(server.models)
    msg = f"{url} serves {served}, not {name}"
    remedy = f"set backends.endpoint.model to {server.models[0]}"
    raise ModelNotFoundError(msg, backend="endpoint", model=name, code="not_served", remedy=remedy)


async def check_videos(api: ApiClient) -> None:
    """See that there is an API of videos, and that the key is taken.

    Raises:
        VideoGenerationError: If not.
    """
    reply = await api.request("GET", "/v1/videos", params={"limit": "1"})
    body: Any = reply.json()
    if not reply.ok:
        raise trouble(reply, api)
    if not isinstance(mapping(body).get("data"), list):
        msg = f"{api.base_url} lists no videos at /v1/videos"
        raise BackendUnavailableError(msg, backend=api.backend, code="no_videos")
