"""The method of uvicorn's server that is wrapped. What that is good for: tests/processes."""

from __future__ import annotations

from functools import partialmethod

import pytest

import langspan
from langspan.export.uvicorn_shutdown import UvicornShutdown

Server = pytest.importorskip("uvicorn.server", reason="pip install uvicorn").Server


@pytest.fixture
def shutdown():
    """The method, which is the same after each test."""
    original = Server.shutdown
    yield original
    assert original is Server.shutdown


def test_uninstrument_restores_it(shutdown, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    langspan.instrument()
    assert shutdown is Server.shutdown.__wrapped__
    langspan.uninstrument()


async def test_a_failing_shutdown_fails_as_before_and_what_is_queued_is_sent(shutdown, monkeypatch):
    async def fail(_server, sockets=None):
        raise OSError(sockets)

    flushed = []
    watch = UvicornShutdown(flushed.append)
    with monkeypatch.context() as patch:
        patch.setattr(Server, "shutdown", fail)
        watch.install()
        with pytest.raises(OSError, match="x"):
            await Server.shutdown(None, sockets="x")
        watch.remove()
    assert [2.0] == flushed


async def test_one_that_is_wrapped_again_stays_and_sends_nothing(shutdown, monkeypatch):
    flushed = []
    watch = UvicornShutdown(flushed.append)
    with monkeypatch.context() as patch:
        patch.setattr(Server, "shutdown", ended)
        watch.install()
        ours = Server.shutdown
        patch.setattr(Server, "shutdown", partialmethod(ours))
        watch.remove()
        assert "ended" == await Server.shutdown(None)
    assert [] == flushed


async def ended(_server):
    return "ended"
