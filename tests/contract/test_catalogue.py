"""The catalogue of telemetry: it has every name, and what is exported against it is noticed in any test."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from typing import Any

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanKind

from langspan import conventions
from langspan.catalogue import telemetry as catalogue
from langspan.catalogue.telemetry import Attribute, Type
from langspan.conventions import names
from langspan.conventions.names import EventName
from langspan.export.traces import build
from support.catalogued import Watch, content_names, problems_of_record

OF_SPANS = list(chain.from_iterable(catalogue.ATTRIBUTES.values()))
OF_EVENTS = list(
    chain.from_iterable(event.attributes for event in (*catalogue.SPAN_EVENTS, *catalogue.LOG_EVENTS))
)
EVERY = [*OF_SPANS, *OF_EVENTS, *catalogue.METRIC_ATTRIBUTES]
PYTHON = {Type.STRINGS: list, Type.INT: int, Type.DOUBLE: float, Type.DOUBLES: list, Type.BOOL: bool}
CHAT = {"gen_ai.operation.name": "chat"}


@pytest.fixture
def noticed(catalogue_watch: Watch) -> Iterator[Callable[[], list[str]]]:
    """What the check that surrounds every test has found; then it is forgotten, or this test would fail."""
    yield catalogue_watch.taken
    catalogue_watch.taken()


def make_span(
    name: str = "chat m", kind: SpanKind = SpanKind.CLIENT, scope: str = "langspan", **more: Any
) -> Any:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer(scope)
    return tracer.start_span(name, kind=kind, **{"attributes": CHAT, **more})


def meter(scope: str = "langspan") -> Any:
    return MeterProvider(shutdown_on_exit=False).get_meter(scope)


# -- the check


def test_an_unknown_attribute_fails_the_test(catalogue_watch: Watch) -> None:
    make_span(attributes={**CHAT, "gen_ai.usage.total_tokens": 3}).end()

    with pytest.raises(AssertionError, match=r"the attribute gen_ai\.usage\.total_tokens"):
        catalogue_watch.check()


def test_a_problem_fails_one_test_only(catalogue_watch: Watch) -> None:
    make_span(attributes={**CHAT, "unknown": 3}).end()

    catalogue_watch.taken()

    catalogue_watch.check()


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"gen_ai.response.id": 7}, "gen_ai.response.id is no string: 7"),
        ({"gen_ai.request.seed": True}, "gen_ai.request.seed is no int: True"),
        ({"gen_ai.request.top_p": 1}, "gen_ai.request.top_p is no double: 1"),
        ({"langchain.tags": "prod"}, "langchain.tags is no string[]: 'prod'"),
        ({"gen_ai.input.messages": "[cut"}, "gen_ai.input.messages is no string, JSON: '[cut'"),
        ({"gen_ai.output.type": "video"}, "gen_ai.output.type has the value 'video'"),
        ({"gen_ai.tool.call.id": "c1"}, "gen_ai.tool.call.id on a span of chat"),
    ],
    ids=lambda item: "" if isinstance(item, dict) else item,
)
def test_what_an_attribute_may_not_be_is_noticed(
    noticed: Callable[[], list[str]], attributes: dict[str, Any], problem: str
) -> None:
    make_span(attributes={**CHAT, **attributes}).end()

    assert [problem] == noticed()


def test_an_attribute_with_a_key_of_the_users_is_known(noticed: Callable[[], list[str]]) -> None:
    make_span(attributes={**CHAT, "langchain.metadata.colour": "blue"}).end()

    assert [] == noticed()


def test_the_name_of_a_span_is_noticed(noticed: Callable[[], list[str]]) -> None:
    make_span("ChatOpenAI").end()

    assert ["the name of a span of chat"] == noticed()


def test_the_kind_of_a_span_is_noticed(noticed: Callable[[], list[str]]) -> None:
    make_span(kind=SpanKind.SERVER).end()

    assert ["a span of chat is SERVER"] == noticed()


def test_an_unknown_span_event_is_noticed(noticed: Callable[[], list[str]]) -> None:
    span = make_span()
    span.add_event("gen_ai.choice")
    span.end()

    assert ["the event gen_ai.choice"] == noticed()


def test_an_unknown_attribute_of_a_span_event_is_noticed(noticed: Callable[[], list[str]]) -> None:
    span = make_span()
    span.record_exception(ValueError("x"))
    span.end()

    assert ["the attribute exception.stacktrace", "the attribute exception.escaped"] == noticed()


def test_an_attribute_of_a_link_is_noticed(noticed: Callable[[], list[str]]) -> None:
    other = make_span()
    make_span(links=[Link(other.get_span_context(), {"why": "resume"})]).end()

    assert ["attributes of a link"] == noticed()


def test_an_unknown_metric_is_noticed(noticed: Callable[[], list[str]]) -> None:
    meter().create_counter("gen_ai.client.calls").add(1)

    assert ["the metric gen_ai.client.calls"] == noticed()


def test_another_unit_is_noticed(noticed: Callable[[], list[str]]) -> None:
    meter().create_histogram("gen_ai.execute_tool.duration", "ms").record(1)

    assert ["the unit ms of gen_ai.execute_tool.duration"] == noticed()


def test_an_attribute_that_a_metric_may_not_have_is_noticed(noticed: Callable[[], list[str]]) -> None:
    """A conversation would be a time series of its own."""
    histogram = meter().create_histogram("gen_ai.execute_tool.duration", "s")
    histogram.record(1, {"gen_ai.conversation.id": "t1", "gen_ai.tool.name": "find"})

    assert ["the attribute gen_ai.conversation.id"] == noticed()


def test_an_observed_metric_that_is_unknown_is_noticed(noticed: Callable[[], list[str]]) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    name = "otel.sdk.processor.span.forgotten"
    provider.get_meter("langspan.export").create_observable_counter(name, [lambda _: [Observation(1)]])
    reader.get_metrics_data()

    assert [f"the metric {name}"] == noticed()


class Record:
    """A log record; its class in OpenTelemetry differs between versions."""

    def __init__(self, event_name: str, severity: str, attributes: dict[str, Any]) -> None:
        self.event_name = event_name
        self.severity_number = type("Severity", (), {"name": severity, "__str__": lambda _: severity})()
        self.attributes = attributes


@pytest.mark.parametrize(
    ("record", "problems"),
    [
        (Record("gen_ai.choice", "INFO", {}), ["the log event gen_ai.choice"]),
        (Record(EventName.EXCEPTION, "INFO", {}), [f"the severity INFO of {EventName.EXCEPTION}"]),
        (Record(EventName.EXCEPTION, "WARN", {"x": 1}), ["the attribute x"]),
        (Record(EventName.EXCEPTION, "WARN", {"langchain.input": "1"}), ["langchain.input on a log event"]),
        (Record(EventName.OPERATION_DETAILS, "DEBUG", {"gen_ai.input.messages": [{"role": "user"}]}), []),
    ],
    ids=["event", "severity", "attribute", "attribute of another span", "structured"],
)
def test_what_a_log_event_may_not_be_is_noticed(record: Record, problems: list[str]) -> None:
    assert problems == list(problems_of_record(record))


def test_what_others_export_is_theirs(noticed: Callable[[], list[str]]) -> None:
    make_span(scope="application", attributes={"anything": 1}).end()
    meter("application").create_counter("anything").add(1)

    assert [] == noticed()


# -- the entries


def test_it_has_every_name_and_no_other() -> None:
    modules = [
        import_module(each.name)
        for each in pkgutil.iter_modules(conventions.__path__, "langspan.conventions.")
    ]
    constants = [item for module in modules for item in vars(module).items()]
    written = {value for key, value in constants if key.isupper() and isinstance(value, str)}

    assert written - {names.SCHEMA_URL, names.TOOL_ERROR} == {row.name for row in EVERY}


def test_no_attribute_is_listed_twice() -> None:
    listed = [row.name for row in OF_SPANS]

    assert sorted(set(listed)) == sorted(listed)


@pytest.mark.parametrize("row", OF_SPANS, ids=lambda row: row.name)
def test_an_attribute_of_a_span_has_a_span(row: Attribute) -> None:
    assert row.on


@pytest.mark.parametrize("row", [*EVERY, *catalogue.RESOURCE], ids=lambda row: row.name)
def test_an_example_has_the_type(row: Attribute) -> None:
    assert type(row.example) is PYTHON.get(row.type, str)


@pytest.mark.parametrize("row", [row for row in EVERY if row.type is Type.JSON], ids=lambda row: row.name)
def test_an_example_of_json_is_json(row: Attribute) -> None:
    assert json.loads(row.example)


@pytest.mark.parametrize("row", [row for row in EVERY if row.values], ids=lambda row: row.name)
def test_an_example_is_one_of_the_values(row: Attribute) -> None:
    assert row.example in row.values


def test_every_key_of_the_users_choice_is_content() -> None:
    assert all(row.is_content for row in EVERY if row.name.endswith("."))


def test_the_list_of_content_has_spans_and_their_events() -> None:
    assert {"gen_ai.input.messages", "langchain.metadata.x", "exception.message"} <= set(content_names())


def test_the_attributes_of_metrics_are_listed() -> None:
    known = {row.name for row in EVERY}

    assert (
        set()
        == {name for group in catalogue.METRICS.values() for metric in group for name in metric.attributes}
        - known
    )


def test_a_provider_of_ours_has_the_resource_of_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)
    line = build({}, [], 4_000_000, None)
    present = set(line.provider.resource.attributes)
    line.close()

    assert set() == present - {row.name for row in catalogue.RESOURCE}
    assert {row.name for row in catalogue.RESOURCE if row.when.startswith("always")} <= present
