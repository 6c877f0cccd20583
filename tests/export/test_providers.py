from __future__ import annotations

import threading

import pytest
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON

from support.otlp import receive

NONE = {"OTEL_TRACES_EXPORTER": "none"}


@pytest.fixture
def foreign():
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider
    provider.shutdown()


def test_a_given_provider_is_used(exports, foreign):
    assert foreign is exports(tracer_provider=foreign).tracer_provider


def test_a_given_provider_leaves_the_global_one_unset(exports, foreign):
    exports(tracer_provider=foreign)
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def test_a_global_provider_is_used(exports, foreign):
    trace.set_tracer_provider(foreign)
    assert foreign is exports().tracer_provider


def test_a_global_provider_is_left_as_it_is(exports, foreign, monkeypatch, caplog):
    trace.set_tracer_provider(foreign)
    monkeypatch.setattr(foreign, "add_span_processor", lambda _: pytest.fail("added a processor"))
    exports()
    assert [] == caplog.messages


def test_a_given_provider_goes_before_the_global_one(exports, foreign):
    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    assert foreign is exports(tracer_provider=foreign).tracer_provider


def test_a_no_op_provider_is_a_choice_and_is_kept(exports):
    nothing = trace.NoOpTracerProvider()
    trace.set_tracer_provider(nothing)
    assert nothing is exports().tracer_provider


def test_a_provider_without_the_methods_of_the_sdk_is_no_error(exports):
    telemetry = exports(tracer_provider=trace.NoOpTracerProvider())
    assert telemetry.flush(1)
    telemetry.shutdown(1)


def test_without_a_provider_one_is_built_and_made_the_global_one(exports):
    telemetry = exports(NONE)
    assert trace.get_tracer_provider() is telemetry.tracer_provider


def test_an_application_tracer_made_before_joins_the_provider_that_is_built(exports):
    tracer = trace.get_tracer("application")
    exports(NONE)
    with tracer.start_as_current_span("early") as span:
        assert span.get_span_context().is_valid


def test_what_is_built_twice_is_one_provider(exports):
    assert exports(NONE).tracer_provider is exports(NONE).tracer_provider


def test_only_the_call_that_built_a_provider_owns_it(exports):
    assert [True, False] == [exports(NONE).owned, exports(NONE).owned]


def test_after_a_shutdown_the_next_call_builds_a_provider_that_works(exports, server):
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint}
    exports(variables).shutdown(5)
    again = exports(variables)
    again.tracer_provider.get_tracer("t").start_span("again").end()
    assert again.flush(5)
    assert ["again"] == [span.name for span in server.received.spans]


def test_after_a_shutdown_the_global_provider_is_not_replaced(exports, caplog):
    first = exports(NONE)
    first.shutdown(5)
    exports(NONE)
    assert trace.get_tracer_provider() is first.tracer_provider
    assert [] == caplog.messages


def test_a_disabled_sdk_builds_nothing(exports):
    exports({"OTEL_SDK_DISABLED": "true"})
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def test_the_exporter_none_records_and_exports_nothing(exports):
    """As with the SDK's own set-up: the application can add processors, and context still propagates."""
    telemetry = exports(NONE)
    exporter = InMemorySpanExporter()
    telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    assert ["s"] == [span.name for span in exporter.get_finished_spans()]


def test_the_sampler_is_the_one_of_the_standard_variable(exports):
    provider = exports({**NONE, "OTEL_TRACES_SAMPLER": "parentbased_always_off"}).tracer_provider
    assert not provider.get_tracer("t").start_span("s").is_recording()
    assert DEFAULT_ON is not provider.sampler


@pytest.mark.parametrize(
    ("get", "name"),
    [(metrics.get_meter_provider, "meter_provider"), (_logs.get_logger_provider, "logger_provider")],
    ids=["metrics", "logs"],
)
def test_metrics_and_logs_are_not_built_unless_asked_for(exports, get, name):
    telemetry = exports({**NONE, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    assert get() is getattr(telemetry, name)
    assert "Proxy" in type(get()).__name__


@pytest.mark.parametrize(
    ("variable", "kind", "name"),
    [
        ("OTEL_METRICS_EXPORTER", MeterProvider, "meter_provider"),
        ("OTEL_LOGS_EXPORTER", LoggerProvider, "logger_provider"),
    ],
    ids=["metrics", "logs"],
)
def test_metrics_and_logs_are_built_when_asked_for(exports, variable, kind, name):
    assert isinstance(getattr(exports({**NONE, variable: "otlp"}), name), kind)


def test_all_signals_share_one_resource(exports, server, record_all):
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint, "OTEL_SERVICE_NAME": "shop"}
    telemetry = exports({**endpoint, "OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"})
    record_all(telemetry)
    assert telemetry.flush(5)
    got = server.received
    items = (*got.spans, *got.metrics, *got.logs)
    assert {"Span", "Metric", "Log"} == {type(item).__name__ for item in items}
    assert items[0].resource["service.name"] == "shop"
    assert all(item.resource == items[0].resource for item in items)


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_all_signals_arrive_over_the_protocol_that_is_set(exports, record_all, protocol):
    with receive(protocol) as server:
        telemetry = exports(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                "OTEL_METRICS_EXPORTER": "otlp",
                "OTEL_LOGS_EXPORTER": "otlp",
            }
        )
        record_all(telemetry)
        assert telemetry.flush(5)
        got = server.received
        # Beside them are metrics of the exporters themselves.
        mine = [metric for metric in got.metrics if not metric.name.startswith("otel.sdk.")]
        assert [1, 1, 1] == [len(got.spans), len(mine), len(got.logs)]
        telemetry.shutdown(5)


def test_requests_are_compressed_by_default(exports, server):
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    assert telemetry.flush(5)
    assert "gzip" == server.received.headers[0]["content-encoding"]


def test_several_exporters_can_be_named(exports, server, tmp_path):
    telemetry = exports(
        {
            "OTEL_TRACES_EXPORTER": "otlp,langspan_file",
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint,
            "LANGSPAN_FILE": str(tmp_path / "spans.jsonl"),
        }
    )
    telemetry.tracer_provider.get_tracer("t").start_span("both").end()
    assert telemetry.flush(5)
    assert ["both"] == [span.name for span in server.received.spans]
    assert "both" in (tmp_path / "spans.jsonl").read_text()


def test_an_exporter_is_found_by_the_name_it_is_registered_with(exports, capsys):
    telemetry = exports({"OTEL_TRACES_EXPORTER": "console"})
    telemetry.tracer_provider.get_tracer("t").start_span("shown").end()
    assert telemetry.flush(5)


def test_a_reader_can_be_named_instead_of_a_metric_exporter(exports, tmp_path):
    """As the Prometheus one is: metrics are then fetched from it, not sent."""
    installed = tmp_path / "memory-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: memory\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(
        "[opentelemetry_metrics_exporter]\nmemory = opentelemetry.sdk.metrics.export:InMemoryMetricReader\n"
    )
    exports.monkeypatch.syspath_prepend(tmp_path)
    telemetry = exports({**NONE, "OTEL_METRICS_EXPORTER": "memory"})
    telemetry.meter_provider.get_meter("m").create_counter("c").add(1)
    assert telemetry.flush(5)


def test_an_unknown_exporter_is_refused_with_the_names_that_are_known(exports):
    with pytest.raises(ValueError, match=r"OTEL_TRACES_EXPORTER='jaeger'.*console.*none.*otlp"):
        exports({"OTEL_TRACES_EXPORTER": "jaeger"})


def test_a_file_that_cannot_be_written_is_refused_by_name(exports, tmp_path):
    with pytest.raises(ValueError, match=r"LANGSPAN_FILE=.*missing.*No such file"):
        exports({"OTEL_TRACES_EXPORTER": "langspan_file", "LANGSPAN_FILE": f"{tmp_path}/missing/file"})


@pytest.mark.parametrize("signal", ["TRACES", "METRICS", "LOGS"])
def test_a_refused_value_leaves_nothing_behind(exports, signal):
    """Also what was built before the signal that failed is taken down again."""
    threads = set(threading.enumerate())
    with pytest.raises(ValueError, match="PROTOCOL"):
        exports(
            {
                "OTEL_METRICS_EXPORTER": "otlp",
                "OTEL_LOGS_EXPORTER": "otlp",
                f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL": "http/json",
            }
        )
    for thread in set(threading.enumerate()) - threads:
        thread.join(10)
    assert threads == set(threading.enumerate())
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


@pytest.fixture
def record_all(write_log):
    """Record one span, one metric and one log record."""

    def record(telemetry):
        telemetry.tracer_provider.get_tracer("t").start_span("s").end()
        telemetry.meter_provider.get_meter("m").create_histogram("h", unit="s").record(2)
        write_log(telemetry, "hello")

    return record
