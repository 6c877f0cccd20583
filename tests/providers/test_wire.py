"""The span of a model call says what went over the wire: no more, no less, nothing else."""

from __future__ import annotations

import importlib

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from support.providers import facts as f
from support.providers.client import Client
from support.providers.clients import CLIENTS
from support.providers.observe import expected, said
from support.providers.replies import FAULT_MESSAGE, KEY
from support.providers.scenarios import MODES, Scenario
from support.providers.table import gaps

CALLS = [
    pytest.param(client, scenario, mode, id=f"{client.name}-{scenario.name}-{mode}")
    for client in CLIENTS.values()
    for scenario in client.scenarios()
    for mode in MODES
]
FAULTS = [call for call in CALLS if call.values[1].fault is not None]
every_call = pytest.mark.parametrize(("client", "scenario", "mode"), CALLS)
every_fault = pytest.mark.parametrize(("client", "scenario", "mode"), FAULTS)


@every_call
def test_the_span_says_what_the_wire_said(client: Client, scenario: Scenario, mode: str, observatory):
    seen = observatory.observe(client, scenario, mode)
    wanted, found = expected(seen), said(seen)
    known = gaps(client.name, seen.situation, scenario.name)
    open_gaps = {known[fact] for fact in known if wanted.pop(fact, None) != found.pop(fact, None)}
    assert wanted == found
    if open_gaps:
        pytest.xfail("; ".join(open_gaps))


@every_call
def test_the_span_is_named_after_the_requested_model(
    client: Client, scenario: Scenario, mode: str, observatory
):
    seen = observatory.observe(client, scenario, mode)
    operation = "text_completion" if client.completion else "chat"
    model = client.api.read_request(seen.exchange)[f.MODEL]
    assert (f"{operation} {model}", SpanKind.CLIENT) == (seen.span.name, seen.span.kind)


@every_call
def test_the_status_is_error_when_the_call_failed_and_unset_else(
    client: Client, scenario: Scenario, mode: str, observatory
):
    seen = observatory.observe(client, scenario, mode)
    failed = seen.planned_error is not None
    assert (failed, StatusCode.ERROR if failed else StatusCode.UNSET) == (
        seen.error is not None,
        seen.span.status.status_code,
    )


@every_fault
def test_the_application_sees_the_sdks_own_error(client: Client, scenario: Scenario, mode: str, observatory):
    seen = observatory.observe(client, scenario, mode)
    module, _, name = str(seen.planned_error).rpartition(".")
    assert isinstance(seen.error, getattr(importlib.import_module(module), name))


@every_call
def test_neither_key_nor_error_text_leaves_the_process(
    client: Client, scenario: Scenario, mode: str, observatory
):
    seen = observatory.observe(client, scenario, mode)
    exported = "".join(span.to_json() for span in seen.spans)
    assert [] == [secret for secret in (KEY, FAULT_MESSAGE[:20]) if secret in exported]
