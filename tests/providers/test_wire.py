"""The span of a model call says what went over the wire: no more, no less, nothing else."""

from __future__ import annotations

import importlib

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from support.providers import facts as f
from support.providers.client import Client
from support.providers.clients import CLIENTS
from support.providers.observe import Observatory, expected, said
from support.providers.replies import FAULT_MESSAGE, KEY
from support.providers.scenarios import MODES, Scenario

CALLS = [
    pytest.param(client, scenario, mode, id=f"{client.name}-{scenario.name}-{mode}")
    for client in CLIENTS.values()
    for scenario in client.scenarios()
    for mode in MODES
]
every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


@pytest.mark.parametrize(("client", "scenario", "mode"), CALLS)
def test_the_span_says_what_the_wire_said(
    client: Client, scenario: Scenario, mode: str, observatory: Observatory
):
    seen = observatory.observe(client, scenario, mode)
    assert expected(seen) == said(seen)


@every_client
def test_spans_are_named_after_the_requested_model(client: Client, observatory: Observatory):
    operation = "text_completion" if client.completion else "chat"
    for seen in observatory.all_of(client):
        model = expected(seen).get(f.MODEL)
        name = f"{operation} {model}" if model else operation
        assert (name, SpanKind.CLIENT) == (seen.span.name, seen.span.kind)


@every_client
def test_the_status_is_error_when_the_call_failed_and_unset_else(client: Client, observatory: Observatory):
    for seen in observatory.all_of(client):
        status = StatusCode.ERROR if seen.planned_error else StatusCode.UNSET
        assert (seen.scenario.name, status) == (seen.scenario.name, seen.span.status.status_code)


@every_client
def test_the_application_sees_the_sdks_own_errors(client: Client, observatory: Observatory):
    for seen in observatory.all_of(client):
        if seen.planned_error is None:
            assert seen.error is None
        else:
            paths = [path.rpartition(".") for path in seen.planned_error.split("|")]
            known = tuple(getattr(importlib.import_module(module), name) for module, _, name in paths)
            assert issubclass(seen.error or type(None), known)


@every_client
def test_neither_key_nor_error_text_leaves_the_process(client: Client, observatory: Observatory):
    exported = "".join(span.to_json() for seen in observatory.all_of(client) for span in seen.spans)
    assert [] == [secret for secret in (KEY, FAULT_MESSAGE[:20]) if secret in exported]


@every_client
def test_the_key_and_the_error_text_were_there_to_be_leaked(client: Client, observatory: Observatory):
    """The proof of the test before this one: the server saw the key, and said it back."""
    exchanges = [seen.exchange for seen in observatory.all_of(client) if seen.planned_error]
    assert any(FAULT_MESSAGE.encode() in exchange.sent for exchange in exchanges)
