"""Find a job whose answer was lost, among those that vLLM-Omni lists.

The server knows no key of ours. A job is surely the lost one if it is the only listed job that asks
for the same, came up while our create was on its way, and belongs to no other job of ours. If the
list shows another with the same looks, nobody can tell them apart, and none is taken. Servers that
do not list prompts are never searched: another user's video would look the same.
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from ttv_core import jobs
from ttv_core.http import as_id, mapping
from ttv_endpoint.replies import trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core.http import ApiClient, Reply
    from ttv_core.jobs import JobRecord

__all__ = ["find"]

_PAGE: Final = 100
_MOST_PAGES: Final = 50
_LONGEST_CREATE: Final = 180.0
_SLACK: Final = 15.0
_IN_DOUBT: Final = frozenset({"submitting", "reconciling", "unknown"})
_SAME: Final = ("model", "num_frames", "fps", "seconds")


async def find(api: ApiClient, asked: Mapping[str, Any], since: float) -> str | None:
    """Return the id of the one job that can be the lost one.

    Args:
        api: Who is asked.
        asked: The request, by our names.
        since: When it was sent, in seconds since the epoch, by our clock.

    Raises:
        VideoGenerationError: If the list cannot be had.
    """
    records = jobs.select(backend="endpoint")
    ours = {record.remote_id for record in records}
    if sum(_is_lost_too(record, asked, since) for record in records) > 1:
        return None  # another job of ours is as lost, and what is listed may be either
    found: set[str] = set()
    after = ""
    for _ in range(_MOST_PAGES):
        params = {"limit": str(_PAGE), "order": "desc"} | ({"after": after} if after else {})
        reply = await api.request("GET", "/v1/videos", params=params)
        listed = mapping(reply.json()).get("data")
        if not reply.ok or not isinstance(listed, list):
            raise trouble(reply, api)
        items = [mapping(item) for item in listed]
        start = since + _skew(reply) - _SLACK
        for item in items:
            job = as_id(item.get("id"))
            if job and job not in ours and _fits(item, asked, start):
                found.add(job)
        after = as_id(items[-1].get("id")) if items else ""
        if len(items) < _PAGE or not after or _created(items[-1]) < start:
            break
    return found.pop() if len(found) == 1 else None


def _is_lost_too(record: JobRecord, asked: Mapping[str, Any], since: float) -> bool:
    """Tell whether a job of ours, this one included, may be what is looked for."""
    near = abs((record.submitted_at or 0.0) - since) <= _LONGEST_CREATE + _SLACK
    return near and record.state in _IN_DOUBT and record.prompt == asked.get("prompt")


def _skew(reply: Reply) -> float:
    """Return how far the server's clock is ahead of ours, as far as it says."""
    try:
        date = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return 0.0
    return date.timestamp() - time.time() if date.tzinfo is not None else 0.0


def _fits(item: Mapping[str, Any], asked: Mapping[str, Any], start: float) -> bool:
    """Tell whether a listed job can be the one that was asked for."""
    for name in _SAME:
        if name in asked and item.get(name) not in (None, asked[name]):
            return False
    if item.get("prompt") != asked.get("prompt"):
        return False
    return start <= _created(item) <= start + 2 * _SLACK + _LONGEST_CREATE


def _created(item: Mapping[str, Any]) -> float:
    """Return when a job was made, in seconds since the epoch; 0 if it does not say."""
    told = item.get("created_at")
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else 0.0
