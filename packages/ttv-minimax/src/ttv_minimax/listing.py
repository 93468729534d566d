"""Find a job whose answer was lost, among those that v2 lists.

The vendor knows no key of ours. A job is surely the lost one if it is the only listed job that asks
for the same, came up while our create was on its way, and belongs to no other job of ours. If the
list shows another with the same looks, nobody can tell them apart, and none is taken.
"""

from __future__ import annotations

import datetime as dt
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ttv_core import BackendUnavailableError, jobs
from ttv_core.http import as_id, mapping
from ttv_minimax.replies import good

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttv_core.http import ApiClient, Reply

__all__ = ["find"]

_PAGE = 20
_MOST_PAGES = 10
_LONGEST_CREATE = 180.0
_SLACK = 15.0
_SAME = ("model", "resolution", "duration", "ratio")


async def find(api: ApiClient, asked: Mapping[str, Any], since: float) -> str | None:
    """Return the id of the one job that can be the lost one.

    Args:
        api: Who is asked.
        asked: The body of the create.
        since: When it was sent, in seconds since the epoch, by our clock.

    Raises:
        VideoGenerationError: If the list cannot be had.
    """
    ours = {record.remote_id for record in jobs.select(backend="minimax")}
    found: set[str] = set()
    seen = 0
    for number in range(1, _MOST_PAGES + 1):
        params = {"page_num": str(number), "page_size": str(_PAGE)}
        reply = await api.request("GET", "/v2/query/video_generation", params=params)
        body = good(reply, api)
        items = _items(body)
        skew = _skew(reply)
        for item in items:
            task_id = as_id(item.get("id"))
            if task_id and task_id not in ours and _fits(item, asked, since + skew):
                found.add(task_id)
        seen += len(items)
        total = body.get("total")
        if not items or (isinstance(total, int) and seen >= total):
            break
    return found.pop() if len(found) == 1 else None


def _items(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the jobs of a page; an answer that lists none, and does not say so, is no page.

    Raises:
        BackendUnavailableError: If it is none: it proves nothing.
    """
    items = body.get("items")
    if isinstance(items, list):
        return [mapping(item) for item in items]
    if body.get("total") == 0:
        return []
    msg = "MiniMax's list of jobs has no jobs in it, and does not say that there are none"
    raise BackendUnavailableError(msg, code="no_list", retryable=True)


def _skew(reply: Reply) -> float:
    """Return how far the vendor's clock is ahead of ours, as far as it says."""
    try:
        date = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return 0.0
    if date.tzinfo is None:
        date = date.replace(tzinfo=dt.UTC)
    return date.timestamp() - time.time()


def _fits(item: Mapping[str, Any], asked: Mapping[str, Any], since: float) -> bool:
    """Tell whether a listed job can be the one that was asked for."""
    for name in _SAME:
        if item.get(name) not in {None, "", asked.get(name)}:
            return False
    if as_id(item.get("model")) != asked.get("model"):
        return False
    prompt = asked["content"][0]["text"]
    said = _prompt(item)
    if said is not None and said.strip() != prompt.strip():
        return False
    created = _seconds(item.get("created_at"))
    return created is not None and since - _SLACK <= created <= since + _LONGEST_CREATE + _SLACK


def _prompt(item: Mapping[str, Any]) -> str | None:
    """Return the text of a listed job, if it is told."""
    content = item.get("content")
    if isinstance(content, list):
        texts = [mapping(part).get("text") for part in content]
        return next((text for text in texts if isinstance(text, str)), None)
    said = item.get("prompt")
    return said if isinstance(said, str) else None


def _seconds(value: Any) -> float | None:
    """Read a time whose unit is not said: seconds or milliseconds since the epoch, or ISO 8601."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and not value.isdigit():
        try:
            date = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
        return date.timestamp() if date.tzinfo else date.replace(tzinfo=dt.UTC).timestamp()
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number / 1000 if number > 1e11 else number
