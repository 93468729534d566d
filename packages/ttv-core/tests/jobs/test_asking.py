"""A question to the vendor from plain code: answered, bounded, within a running loop too."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

from ttv_core import BackendUnavailableError

_SPEC = importlib.util.spec_from_file_location("acme_asked", Path(__file__).with_name("acme.py"))
acme = sys.modules["acme_asked"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(acme)


async def _answer(generator):
    reply = await generator.api.request("GET", "/videos")
    return reply.json()


async def _asked_in_a_loop(generator):
    return generator.ask(_answer(generator))


def test_plain_code_gets_an_answer_within_a_running_loop_too():
    with acme.Acme() as vendor:
        generator = acme.AcmeGenerator(base_url=vendor.url, api_key=acme.KEY)
        assert generator.ask(_answer(generator)) == []
        assert asyncio.run(_asked_in_a_loop(generator)) == []


def test_silence_ends_the_question():
    with acme.Acme() as vendor:
        vendor.fail("list", "silence")
        generator = acme.AcmeGenerator(base_url=vendor.url, api_key=acme.KEY)
        with pytest.raises(BackendUnavailableError, match=r"gave no answer in 0\.05 s"):
            generator.ask(_answer(generator), seconds=0.05)


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("way", ["reset", "close"])
@pytest.mark.parametrize(
    ("kind", "method", "path"), [("list", "GET", "/videos"), ("cancel", "DELETE", "/videos/task-1")]
)
def test_a_request_that_is_cut_off_is_not_sent_again(kind, method, path, way, after):
    with acme.Acme() as vendor:
        generator = acme.AcmeGenerator(base_url=vendor.url, api_key=acme.KEY)
        assert generator.ask(_answer(generator)) == []  # the connection is an old one now
        vendor.requests.clear()
        vendor.tasks["task-1"] = acme.Simulator.accept(vendor, {"tag": "-"}, unseen=0)
        vendor.fail(kind, way, after=after)
        with pytest.raises(BackendUnavailableError, match="gave no answer"):
            generator.ask(generator.api.request(method, path))
        assert vendor.requests[kind] == 1
