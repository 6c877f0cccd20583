"""One scenario played by one client: what the wire said, and what the span says."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from support.providers import facts as f
from support.providers.client import Client
from support.providers.facts import Facts
from support.providers.losses import LOSSES
from support.providers.scenarios import MODES, Scenario
from support.providers.server import Exchange, Provider
from support.providers.table import Situation, applying
from support.recording import Recording, instrumented, open_runs

# Seconds that clients wait for a silent server. On a busy machine connecting alone may take longer.
_PATIENCE = (0.1, 1.0, 5.0)


@dataclass(frozen=True)
class Observation:
    """What happened.

    Attributes:
        client: The class.
        scenario: What it was made to do.
        mode: The method that was called.
        exchanges: What went over the wire.
        port: The server's.
        spans: All that was recorded.
        error: The class of what the application caught.
    """

    client: Client
    scenario: Scenario
    mode: str
    exchanges: tuple[Exchange, ...]
    port: int
    spans: tuple[ReadableSpan, ...]
    error: type[Exception] | None

    @property
    def exchange(self) -> Exchange:
        """The only one: nothing is retried."""
        (exchange,) = self.exchanges
        return exchange

    @property
    def span(self) -> ReadableSpan:
        """The model's."""
        (span,) = [span for span in self.spans if span.kind is SpanKind.CLIENT]
        return span

    @property
    def situation(self) -> Situation:
        """How the answer came."""
        fault = self.scenario.fault
        if fault is None and self.error is None:
            return "streamed" if self.exchange.events else "whole"
        return "cut" if fault and fault.kind == "cut" and self.exchange.events else "failed"

    @property
    def planned_error(self) -> str | None:
        """The class of the error that this call has to end in, if it has to."""
        client, scenario, events = self.client, self.scenario, self.exchange.events
        if scenario.fault is None:
            return None if events else client.raises.get(scenario.name)
        return (events and client.errors.get(f"{scenario.name}, streamed")) or client.errors[scenario.name]


class Observatory:
    """Plays scenarios, each one once: several tests look at the same call.

    Args:
        provider: The server.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._seen: dict[tuple[str, str, str], Observation] = {}
        self._facts: dict[str, list[tuple[Facts, Facts]]] = {}

    def observe(self, client: Client, scenario: Scenario, mode: str) -> Observation:
        """Play a scenario, or remember how it went."""
        key = (client.name, scenario.name, mode)
        if key not in self._seen:
            self._seen[key] = _play(client, scenario, mode, self._provider)
        return self._seen[key]

    def all_of(self, client: Client) -> list[Observation]:
        """Every scenario of a client, in every mode."""
        return [self.observe(client, scenario, mode) for scenario in client.scenarios() for mode in MODES]

    def facts_of(self, client: Client) -> list[tuple[Facts, Facts]]:
        """What the wire said and what the span says, of every call of a client."""
        if client.name not in self._facts:
            self._facts[client.name] = [(wire(seen), said(seen)) for seen in self.all_of(client)]
        return self._facts[client.name]


def _play(client: Client, scenario: Scenario, mode: str, provider: Provider) -> Observation:
    gc.freeze()  # what was imported until now need not be looked through after every call
    for patience in _PATIENCE:
        recording = Recording()
        provider.exchanges.clear()
        provider.respond = client.respond(scenario)
        with instrumented(recording) as handle, warnings.catch_warnings():
            for message in client.warns:
                warnings.filterwarnings("ignore", message)
            error = _attempt(client, scenario, mode, provider, patience)
            assert 0 == open_runs(handle)
        if provider.was_asked():
            exchanges, spans = tuple(provider.exchanges), tuple(recording.spans)
            return Observation(client, scenario, mode, exchanges, provider.port, spans, error)
    raise AssertionError(f"{client.name}, {scenario.name}, {mode}: no request came, but {error}")


def _attempt(
    client: Client, scenario: Scenario, mode: str, provider: Provider, patience: float
) -> type[Exception] | None:
    """Make the call; return the class of what it raised. The rest of the error is thrown away here."""
    raised = None
    model = client.build(scenario, provider.url, patience)
    try:
        _call(client, model, scenario, mode)
    except Exception as error:
        raised = type(error)
    if raised and client.warns:
        del model
        gc.collect()
    return raised


def _call(client: Client, model: Any, scenario: Scenario, mode: str) -> None:
    prepared, options = scenario.prepare(model), client.call_options.get(scenario.name, {})
    if mode == "invoke":
        prepared.invoke("Say hello.", **options)
    elif mode == "stream":
        for _ in prepared.stream("Say hello.", **options):
            pass
    else:
        asyncio.run(_acall(client, model, prepared, mode, options))


async def _acall(client: Client, model: Any, prepared: Any, mode: str, options: Mapping[str, Any]) -> None:
    try:
        if mode == "ainvoke":
            await prepared.ainvoke("Say hello.", **options)
        else:
            async for _ in prepared.astream("Say hello.", **options):
                pass
    finally:
        if client.close is not None:
            await client.close(model)


def wire(seen: Observation) -> Facts:
    """All that the wire said, and what the application asked for and caught."""
    client, scenario = seen.client, seen.scenario
    facts: Facts = client.api.read_request(seen.exchange)
    if seen.situation != "failed":
        facts = facts | client.api.read_response(seen.exchange)
    if seen.situation in {"streamed", "cut"}:
        facts[f.FIRST_CHUNK] = "measured"
    if seen.error is not None:
        facts[f.ERROR] = class_name(seen.error)
    facts |= {**client.constant, **scenario.asked}
    return {
        **facts,
        f.OPERATION: "text_completion" if client.completion else "chat",
        f.PROVIDER: client.provider,
        f.ADDRESS: "127.0.0.1",
        f.PORT: seen.port,
    }


def class_name(cls: type) -> str:
    """A class as `error.type` has it."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def expected(seen: Observation) -> Facts:
    """What the span has to say: the wire, less what LangChain loses."""
    facts = wire(seen)
    losses = LOSSES.get(seen.client.name, ())
    for fact, loss in applying(losses, seen.situation, seen.scenario.name, seen.mode):
        facts[fact] = facts.get(loss.instead, loss.leaves)
    return {fact: value for fact, value in f.present(facts).items() if not fact.startswith("~")}


def said(seen: Observation) -> Facts:
    """What the span says of the call; of a duration only that there is a sensible one."""
    span = seen.span
    attributes: Facts = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in (span.attributes or {}).items()
        if name != "langchain.run.id"  # of each run its own
    }
    if f.FIRST_CHUNK in attributes:
        assert span.start_time is not None
        assert span.end_time is not None
        assert 0 < attributes[f.FIRST_CHUNK] <= (span.end_time - span.start_time) / 1e9
        attributes[f.FIRST_CHUNK] = "measured"
    return attributes
