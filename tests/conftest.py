"""Fixtures for every suite: an in-memory recording, and proof that each test leaves nothing behind."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from opentelemetry import _logs, metrics, trace
from opentelemetry import context as otel
from opentelemetry.util._once import Once

import langspan
from support.catalogued import Watch
from support.heap import collect_quietly
from support.recording import DetachWatch, Recording, instrumented, open_runs

settings.register_profile("quick", deadline=None, max_examples=10)
settings.register_profile("ci", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run in several processes."""
    from support.scheduling import ByClient

    return ByClient(config, log)


@pytest.fixture(scope="module", autouse=True)
def small_heap() -> None:
    """Keep what earlier tests have imported away from the garbage collector, which many tests call.

    Connections that a client has left to the collector, traced or not, are not the next test's fault.
    """
    collect_quietly()
    gc.freeze()


@pytest.fixture
def recording() -> Recording:
    """An SDK provider with an in-memory exporter; not instrumented."""
    return Recording()


@pytest.fixture
def traced(recording: Recording) -> Iterator[Recording]:
    """The same, with LangChain instrumented; at the end nothing may be open."""
    with instrumented(recording) as handle:
        yield recording
        gc.collect()
        assert 0 == open_runs(handle), "runs left open"


@pytest.fixture(scope="session", autouse=True)
def catalogue_watch() -> Iterator[Watch]:
    """Looks at whatever is exported in this process."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        watch.install(patch)
        yield watch


@pytest.fixture(autouse=True)
def only_catalogued(catalogue_watch: Watch) -> Iterator[None]:
    """No test exports a name, a type or a value that the catalogue of telemetry does not have."""
    yield
    catalogue_watch.check()


@pytest.fixture(autouse=True)
def no_global_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts as a new process does: no global provider is set, and one can be."""
    for module, name in (
        (trace, "_TRACER_PROVIDER"),
        (metrics._internal, "_METER_PROVIDER"),
        (_logs._internal, "_LOGGER_PROVIDER"),
    ):
        monkeypatch.setattr(module, name, None)
        monkeypatch.setattr(module, f"{name}_SET_ONCE", Once())
    # This stand-in remembers the real provider that it was told of.
    monkeypatch.setattr(metrics._internal, "_PROXY_METER_PROVIDER", metrics._internal._ProxyMeterProvider())


@pytest.fixture(autouse=True)
def clean_slate(only_catalogued: None, no_global_providers: None) -> Iterator[None]:
    """No test starts or ends with a span current, or leaves a context that failed to detach."""
    watch = DetachWatch()
    logger = logging.getLogger("opentelemetry.context")
    logger.addHandler(watch)
    assert {} == dict(otel.get_current())
    yield
    langspan.uninstrument()
    logger.removeHandler(watch)
    assert [] == [record.getMessage() for record in watch.records]
    assert {} == dict(otel.get_current())
