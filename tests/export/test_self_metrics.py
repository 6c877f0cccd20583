"""The SDK's own metrics: what they say, and that their names are those of the conventions."""

from __future__ import annotations

import importlib

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from langspan.catalogue import self_metrics
from langspan.export.self_metrics import COMPONENT_NAME, COMPONENT_TYPE, ERROR_TYPE, SELF_METRICS
from support.otlp import Reply

OLD = "older conventions: pip install -U opentelemetry-semantic-conventions"


@pytest.fixture
def collect(exports, server):
    """Export spans with a meter provider that is read by hand; return values by metric and error."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint}, meter_provider=provider)

    def collect():
        (resource,) = reader.get_metrics_data().resource_metrics
        return {
            (metric.name, point.attributes.get(ERROR_TYPE)): point
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        }

    collect.telemetry = telemetry
    yield collect
    telemetry.shutdown(10)
    provider.shutdown()


def test_they_tell_what_became_of_the_spans(collect, server):
    tracer = collect.telemetry.tracer_provider.get_tracer("t")
    server.faults.append(Reply(rejected=1, text="quota"))
    for _ in range(3):
        tracer.start_span("s").end()
    collect.telemetry.flush(10)
    server.gate.clear()
    tracer.start_span("s").end()
    collect.telemetry.flush(0.1)
    values = {key: point.value for key, point in collect().items()}
    server.gate.set()
    assert {
        ("otel.sdk.processor.span.processed", None): 4,
        ("otel.sdk.processor.span.queue.size", None): 0,
        ("otel.sdk.processor.span.queue.capacity", None): 2048,
        ("otel.sdk.exporter.span.exported", None): 2,
        ("otel.sdk.exporter.span.exported", "rejected"): 1,
        ("otel.sdk.exporter.span.inflight", None): 1,
    } == values


def test_losses_at_the_door_are_those_of_the_processor(collect):
    collect.telemetry.shutdown(10)
    collect.telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    assert 1 == collect()["otel.sdk.processor.span.processed", "already_shutdown"].value


def test_each_component_has_a_name_and_a_type(collect):
    attributes = {
        dict(point.attributes)[COMPONENT_TYPE]: dict(point.attributes) for point in collect().values()
    }
    assert {"langspan.export.batches.BatchQueue", "otlp_http_span_exporter"} == set(attributes)
    assert all(row[COMPONENT_NAME].startswith(f"{kind}/") for kind, row in attributes.items())


def test_those_of_spans_and_log_records_are_in_the_catalogue_with_kind_and_unit():
    observed = {
        metric.name.replace("*", signal): ("counter" if metric.is_counter else "up-down counter", unit)
        for metric in SELF_METRICS
        for signal, unit in (("span", "{span}"), ("log", "{log_record}"))
    }
    assert observed == {
        metric.name: (metric.instrument.value, metric.unit) for metric in self_metrics.METRICS
    }


@pytest.mark.parametrize("signal", ["span", "log"])
@pytest.mark.parametrize("metric", SELF_METRICS, ids=lambda metric: metric.name)
def test_a_name_is_one_of_the_conventions(metric, signal):
    conventions = pytest.importorskip("opentelemetry.semconv._incubating.metrics.otel_metrics", reason=OLD)
    name = metric.name.replace("*", signal)
    constant = name.upper().replace(".", "_")
    if not hasattr(conventions, constant):
        pytest.skip(OLD)
    assert name == getattr(conventions, constant)


def test_the_attributes_are_those_of_the_conventions():
    conventions = importlib.import_module("opentelemetry.semconv._incubating.attributes.otel_attributes")
    if not hasattr(conventions, "OTEL_COMPONENT_NAME"):
        pytest.skip(OLD)
    assert (COMPONENT_NAME, COMPONENT_TYPE) == (
        conventions.OTEL_COMPONENT_NAME,
        conventions.OTEL_COMPONENT_TYPE,
    )
