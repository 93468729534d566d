"""What networks and vendors do to requests, in tables."""

from __future__ import annotations

from ttv_core.testing.simulator import Fault

__all__ = ["BROKEN_DOWNLOADS", "LOST_ANSWERS", "NO_LISTS", "NO_VIDEOS", "ODD_POLLS", "REFUSALS"]

_PAGE = {"body": b"<html>busy</html>", "content_type": "text/html"}

LOST_ANSWERS = {
    "reset within the request": Fault(kind="reset"),
    "reset before the answer": Fault(kind="reset", after=True),
    "closed before the answer": Fault(kind="close", after=True),
    "silence": Fault(kind="silence"),
    "silence after it was accepted": Fault(kind="silence", after=True),
    "half an answer": Fault(kind="cut", after=True),
    "a page": Fault(kind="body", after=True, body=b"<html>", content_type="text/html"),
    "nothing": Fault(kind="body", after=True),
    "no id": Fault(kind="body", after=True, body=b"{}"),
    "a list": Fault(kind="body", after=True, body=b'["task-1"]'),
    "500": Fault(kind="status", status=500),
    "500 after it was accepted": Fault(kind="status", status=500, after=True),
    "502 after it was accepted": Fault(kind="status", status=502, after=True),
    "503": Fault(kind="status", status=503),
    "504 after it was accepted": Fault(kind="status", status=504, after=True),
    "a redirect": Fault(kind="status", status=307, headers={"Location": "/elsewhere"}),
}
"""Creates of whose answer nothing can be known: some were accepted, and would be paid for twice."""

REFUSALS = (400, 401, 402, 403, 404, 413, 422)
"""Statuses of creates that were surely not accepted, if the vendor documents it."""

ODD_POLLS = {
    "500": Fault(kind="status", status=500),
    "503": Fault(kind="status", status=503, **_PAGE),  # type: ignore[arg-type]
    "403": Fault(kind="status", status=403),
    "404": Fault(kind="status", status=404),
    "429": Fault(kind="status", status=429, headers={"Retry-After": "0"}),
    "a page": Fault(kind="body", **_PAGE),  # type: ignore[arg-type]
    "nothing": Fault(kind="body"),
    "a list": Fault(kind="body", body=b"[1, 2]"),
    "an empty object": Fault(kind="body", body=b"{}"),
    "half an answer": Fault(kind="cut", after=True),
    "reset": Fault(kind="reset"),
    "closed": Fault(kind="close"),
}
"""Answers to questions that say nothing about the job."""

BROKEN_DOWNLOADS = ("cut", "reset", "close", "no_range", "new_etag", "wrong_length", "gzip")
"""Ways in which a file may break off, or go on as another."""

NO_VIDEOS = {
    "a page": b"<html>this link has expired</html>" * 20,
    "zeros": bytes(5000),
    "half": None,
}
"""What may come instead of a video; None is half of a whole one."""

NO_LISTS = {
    "a page": Fault(kind="body", **_PAGE),  # type: ignore[arg-type]
    "nothing": Fault(kind="body"),
    "a number": Fault(kind="body", body=b"7"),
    "500": Fault(kind="status", status=500),
    "503 with a page": Fault(kind="status", status=503, **_PAGE),  # type: ignore[arg-type]
    "403": Fault(kind="status", status=403),
    "a reset": Fault(kind="reset"),
}
"""Answers to a lookup that say nothing about which jobs there are."""
