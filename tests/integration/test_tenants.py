"""Each trace goes to its tenant's provider as a whole: by a handler of its own, or by a router."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig, RunnableLambda
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import langspan
from langspan._guard import Guard
from support.faults import InjectedError
from support.models import ScriptedChat
from support.recording import Recording, instrumented
from support.small_graph import graph
from support.threads import in_a_thread

TENANTS = [f"tenant-{number}" for number in range(50)]
CURRENT: contextvars.ContextVar[str | None] = contextvars.ContextVar("tenant", default=None)
STEPS = RunnableLambda(str.strip) | ScriptedChat() | RunnableLambda(lambda message: message.content)


class Providers:
    """Makes a provider for each tenant, and keeps what arrives there."""

    def __init__(self) -> None:
        self.exporters: dict[str, list[InMemorySpanExporter]] = {}
        self.providers: dict[str, list[TracerProvider]] = {}

    def __call__(self, tenant: str) -> TracerProvider:
        provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        self.exporters.setdefault(tenant, []).append(exporter)
        self.providers.setdefault(tenant, []).append(provider)
        return provider

    def spans(self, tenant: str) -> list[Any]:
        return [span for each in self.exporters.get(tenant, ()) for span in each.get_finished_spans()]

    def names(self, tenant: str) -> list[str]:
        return sorted(span.name for span in self.spans(tenant))


@pytest.fixture
def made() -> Providers:
    return Providers()


@pytest.fixture
def routed(made: Providers) -> Iterator[langspan.Router]:
    router = langspan.Router(key="tenant", make=made)
    langspan.instrument(tracer_provider=router)
    yield router
    langspan.uninstrument()
    router.shutdown()


@contextlib.contextmanager
def routing(router: langspan.Router) -> Iterator[None]:
    """Instrument with internal errors let through, and undo it afterwards."""
    instrumentor = langspan.LangSpanInstrumentor()
    instrumentor.instrument(tracer_provider=router, guard=Guard(raising=True))
    try:
        yield
    finally:
        langspan.uninstrument()


def _ask(tenant: str, **config: Any) -> None:
    STEPS.invoke(f" {tenant} ", {"metadata": {"tenant": tenant}, **config})


def _check_whole(made: Providers, tenants: list[str]) -> None:
    """Each tenant has its two traces, all of them and nothing else."""
    expected = sorted(["RunnableSequence", "strip", "chat scripted-1", "RunnableLambda"] * 2)
    assert dict.fromkeys(tenants, expected) == {tenant: made.names(tenant) for tenant in tenants}
    traces = [{span.context.trace_id for span in made.spans(tenant)} for tenant in tenants]
    assert {2} == set(map(len, traces))
    assert len(tenants) * 2 == len(set().union(*traces))


def test_fifty_tenants_at_once_in_threads_have_their_own_traces(made: Providers, routed: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(_ask, TENANTS * 2))
    _check_whole(made, TENANTS)
    assert (50, 0) == (routed.stats().tenants, routed.stats().unrouted)


async def test_fifty_tenants_at_once_in_tasks_have_their_own_traces(made: Providers, routed: Any) -> None:
    await asyncio.gather(*(STEPS.ainvoke(" hi ", {"metadata": {"tenant": tenant}}) for tenant in TENANTS * 2))
    _check_whole(made, TENANTS)


@pytest.mark.parametrize("with_threads", [True, False])
async def test_fifty_handlers_at_once_take_their_whole_traces_and_the_global_one_none(
    made: Providers, with_threads: bool
) -> None:
    recording = Recording()
    configs = [
        {"callbacks": [langspan.CallbackHandler(made(tenant))], "metadata": {"tenant": tenant}}
        for tenant in TENANTS
    ] * 2
    with instrumented(recording):
        if with_threads:
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda config: STEPS.invoke(" hi ", config), configs))
        else:
            await asyncio.gather(*(STEPS.ainvoke(" hi ", config) for config in configs))
    _check_whole(made, TENANTS)
    assert [] == recording.names()


@pytest.mark.parametrize("where", ["metadata", "configurable"])
def test_a_config_names_the_tenant_of_a_graph(made: Providers, routed: Any, where: str) -> None:
    graph().invoke({"text": "hi"}, {where: {"tenant": "acme"}})
    assert len(made.spans("acme")) > 1
    assert 0 == routed.stats().unrouted


def test_a_block_names_the_tenant(made: Providers, routed: Any) -> None:
    with langspan.context(metadata={"tenant": "acme"}):
        STEPS.invoke("hi")
    assert 4 == len(made.spans("acme"))


@pytest.mark.parametrize("tenant", [7, uuid.UUID(int=7)])
def test_an_id_that_is_no_text_names_a_tenant(made: Providers, routed: Any, tenant: Any) -> None:
    STEPS.invoke("hi", {"metadata": {"tenant": tenant}})
    assert 4 == len(made.spans(str(tenant)))


def test_an_evaluation_goes_to_the_tenant_of_the_block_around_it(made: Providers, routed: Any) -> None:
    """Of a run of another process, whose tenant nobody here knows."""
    with langspan.context(metadata={"tenant": "acme"}):
        langspan.record_evaluation("good", score=1, trace_id=1, span_id=2)
    assert ["evaluate good"] == made.names("acme")


def test_an_evaluation_goes_where_its_run_went(made: Providers, routed: Any) -> None:
    run_id = uuid.uuid4()
    STEPS.invoke("hi", {"metadata": {"tenant": "acme"}, "run_id": run_id})
    langspan.record_evaluation("good", score=1, run_id=run_id)
    assert "evaluate good" in made.names("acme")


def test_a_function_may_read_a_context_variable(made: Providers) -> None:
    router = langspan.Router(key=lambda _: CURRENT.get(), make=made)
    with routing(router):
        context = contextvars.copy_context()
        context.run(CURRENT.set, "acme")
        context.run(STEPS.invoke, "hi")
    assert (["acme"], 4) == (list(made.exporters), len(made.spans("acme")))


def test_what_runs_below_follows_the_root_whatever_it_says(made: Providers, routed: Any) -> None:
    def inner(_: Any, config: RunnableConfig) -> None:
        STEPS.invoke("hi", {"metadata": {"tenant": "other"}})
        with trace.get_tracer("http", tracer_provider=TracerProvider()).start_as_current_span("GET"):
            STEPS.invoke("hi", {"metadata": {"tenant": "other"}})

    RunnableLambda(inner).invoke("x", {"metadata": {"tenant": "acme"}})
    assert (["acme"], 9) == (list(made.exporters), len(made.spans("acme")))


def test_spans_of_the_applications_own_follow_too(made: Providers, routed: Any) -> None:
    tracer = routed.get_tracer("mine")

    def inner(_: Any) -> None:
        with tracer.start_as_current_span("mine"):
            STEPS.invoke("hi")

    RunnableLambda(inner).invoke("x", {"metadata": {"tenant": "acme"}})
    by_id = {span.context.span_id: span.name for span in made.spans("acme")}
    parents = {span.name: by_id.get(span.parent.span_id) for span in made.spans("acme") if span.parent}
    assert ("inner", "mine") == (parents["mine"], parents["RunnableSequence"])


def test_one_request_may_call_for_several_tenants(made: Providers, routed: Any) -> None:
    with trace.get_tracer("web", tracer_provider=TracerProvider()).start_as_current_span("POST"):
        _ask("a")
        _ask("b")
    assert [4, 4] == [len(made.spans("a")), len(made.spans("b"))]


def test_a_run_without_a_tenant_is_not_recorded_but_counted_once(made: Providers, routed: Any) -> None:
    assert "hello" == STEPS.invoke("hi")
    assert ({}, 1) == (made.exporters, routed.stats().unrouted)


def test_a_run_without_a_tenant_goes_to_the_default(made: Providers) -> None:
    recording = Recording()
    router = langspan.Router(key="tenant", make=made, default=recording.provider)
    with routing(router):
        STEPS.invoke("hi")
        _ask("acme")
    assert (4, 4, 0) == (len(recording.spans), len(made.spans("acme")), router.stats().unrouted)


class Watch(SpanProcessor):
    """Notes that its provider was flushed and shut down."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.over = threading.Event()

    def force_flush(self, timeout_millis: int = 0) -> bool:
        self.calls.append("flush")
        return True

    def shutdown(self) -> None:
        self.calls.append("shutdown")
        self.over.set()


def _watched(watches: dict[str, Watch], made: Providers) -> Any:
    def make(tenant: str) -> TracerProvider:
        provider, watches[tenant] = made(tenant), Watch()
        provider.add_span_processor(watches[tenant])
        return provider

    return make


def test_the_one_unused_for_longest_is_flushed_and_shut_down(made: Providers) -> None:
    watches: dict[str, Watch] = {}
    router = langspan.Router(key="tenant", make=_watched(watches, made), max_tenants=2)
    with routing(router):
        for tenant in ("a", "b", "a", "c"):
            _ask(tenant)
    assert watches["b"].over.wait(10)
    assert (["flush", "shutdown"], []) == (watches["b"].calls, watches["a"].calls)
    router.shutdown()
    assert ({"a", "b", "c"}, 3) == (
        {name for name in watches if watches[name].over.is_set()},
        router.stats().closed,
    )


def test_an_evicted_tenant_gets_a_new_provider_when_it_comes_back(made: Providers) -> None:
    router = langspan.Router(key="tenant", make=made, max_tenants=1)
    with routing(router):
        for tenant in ("a", "b", "a"):
            _ask(tenant)
    router.shutdown()
    assert (8, 2) == (len(made.spans("a")), len(made.providers["a"]))


def test_a_provider_with_an_open_trace_is_closed_when_that_is_over(made: Providers) -> None:
    watches: dict[str, Watch] = {}
    router = langspan.Router(key="tenant", make=_watched(watches, made), max_tenants=1)

    def inner(_: Any) -> list[str]:
        in_a_thread(_ask, "b")
        in_a_thread(_ask, "c")
        STEPS.invoke("hi")
        return list(watches["a"].calls)

    with routing(router):
        during = RunnableLambda(inner).invoke("x", {"metadata": {"tenant": "a"}})
    assert watches["a"].over.wait(10)
    router.shutdown()
    assert ([], 5, 1) == (during, len(made.spans("a")), len(made.providers["a"]))


def test_a_provider_that_takes_long_to_close_keeps_nobody_waiting(made: Providers) -> None:
    may_go, closing = threading.Event(), threading.Event()

    class Slow(SpanProcessor):
        def shutdown(self) -> None:
            closing.set()
            may_go.wait(10)

    def make(tenant: str) -> TracerProvider:
        provider = made(tenant)
        provider.add_span_processor(Slow())
        return provider

    router = langspan.Router(key="tenant", make=make, max_tenants=1)
    with routing(router):
        _ask("a")
        _ask("b")
        assert closing.wait(10)
        _ask("c")
        assert 1 <= router.stats().closing
        assert 4 == len(made.spans("c"))
    may_go.set()
    router.shutdown()
    assert 3 == router.stats().closed


@pytest.mark.parametrize("what", ["key", "make", "no provider", "shutdown"])
def test_what_the_applications_functions_raise_stays_away_from_its_calls(
    made: Providers, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise KeyError("secret-tenant")

    class Failing(SpanProcessor):
        shutdown = fail

    def make(tenant: str) -> Any:
        provider = made(tenant)
        provider.add_span_processor(Failing())
        return object() if what == "no provider" else provider

    router = langspan.Router(
        key=fail if what == "key" else "tenant", make=fail if what == "make" else make, max_tenants=1
    )
    with routing(router):
        assert ["hello"] * 2 == [STEPS.invoke("x", {"metadata": {"tenant": name}}) for name in "ab"]
    router.shutdown()
    assert 2 == router.stats().failed
    warned = [record.getMessage() for record in caplog.records if "router" in record.getMessage()]
    assert 1 == len(warned)
    assert "secret-tenant" not in caplog.text


def test_make_is_called_once_however_many_come_at_once(made: Providers) -> None:
    ready = threading.Barrier(8)
    router = langspan.Router(key="tenant", make=made)

    def ask(_: int) -> None:
        ready.wait(10)
        _ask("acme")

    with routing(router), ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert (1, 32) == (len(made.providers["acme"]), len(made.spans("acme")))


def test_make_may_itself_be_traced(made: Providers) -> None:
    router = langspan.Router(key=lambda _: "acme", make=lambda tenant: (STEPS.invoke("hi"), made(tenant))[1])
    with routing(router):
        STEPS.invoke("hi")
    assert 4 == len(made.spans("acme"))


def test_a_tenants_sampler_decides_of_its_whole_traces(made: Providers) -> None:
    exporter = InMemorySpanExporter()
    silent = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    silent.add_span_processor(SimpleSpanProcessor(exporter))
    router = langspan.Router(key="tenant", make=lambda tenant: silent if tenant == "a" else made(tenant))
    with routing(router):
        _ask("a")
        _ask("b")
    assert (0, 4) == (len(exporter.get_finished_spans()), len(made.spans("b")))


def test_a_flush_reaches_every_tenant(made: Providers, routed: Any) -> None:
    _ask("a")
    _ask("b")
    assert routed.force_flush(1000)


def test_after_shutdown_nothing_is_recorded(made: Providers, routed: Any) -> None:
    routed.shutdown()
    assert "hello" == STEPS.invoke("hi", {"metadata": {"tenant": "acme"}})
    assert ({}, 1) == (made.exporters, routed.stats().unrouted)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are of POSIX")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_records_though_a_lock_was_held(made: Providers, routed: Any) -> None:
    _ask("a")
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with routed._tenants._lock:
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    child = os.fork()
    if not child:
        _ask("a")
        os._exit(0 if len(made.spans("a")) == 8 else 1)
    done.set()
    thread.join()
    assert 0 == os.waitpid(child, 0)[1]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"key": 1, "make": TracerProvider}, TypeError),
        ({"key": "tenant", "make": TracerProvider()}, TypeError),
        ({"key": "tenant", "make": TracerProvider, "max_tenants": 0}, ValueError),
        ({"key": "tenant", "make": TracerProvider, "max_tenants": True}, ValueError),
    ],
)
def test_a_bad_argument_is_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"Router\("):
        langspan.Router(**arguments)


def test_a_router_that_fails_to_take_a_run_costs_no_run(
    made: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise InjectedError

    monkeypatch.setattr("langspan.recording.span_start.announce_run", fail)
    router = langspan.Router(key=lambda _: "acme", make=made)
    langspan.instrument(tracer_provider=router)
    try:
        STEPS.invoke("hi")
    finally:
        langspan.uninstrument()
    assert 4 == len(made.spans("acme"))
