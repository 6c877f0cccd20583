from __future__ import annotations

import traceback

import pytest

from langspan.export import otlp_settings, settings
from langspan.export.otlp_settings import HTTP
from support.otlp import closed_port

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        pytest.param(("otlp",), {}, id="default"),
        pytest.param(("otlp",), {"OTEL_TRACES_EXPORTER": " "}, id="empty is unset"),
        pytest.param(("console",), {"OTEL_TRACES_EXPORTER": "console"}, id="one"),
        pytest.param(("otlp", "console"), {"OTEL_TRACES_EXPORTER": "otlp, console"}, id="list"),
        pytest.param((), {"OTEL_TRACES_EXPORTER": "none"}, id="none"),
    ],
)
def test_traces_go_to_the_exporters_named_or_to_otlp(expected, environ):
    assert expected == settings.exporter_names(environ, "traces")


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        pytest.param(None, {}, id="not asked for"),
        pytest.param(None, {BASE: "http://c:4318"}, id="an endpoint for all is not asking"),
        pytest.param(("otlp",), {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318"}, id="own endpoint"),
        pytest.param(("console",), {"OTEL_METRICS_EXPORTER": "console"}, id="named"),
        pytest.param((), {"OTEL_METRICS_EXPORTER": "none"}, id="none"),
    ],
)
def test_metrics_are_exported_only_when_asked_for(expected, environ):
    assert expected == settings.exporter_names(environ, "metrics")


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        pytest.param("http/protobuf", {}, id="default"),
        pytest.param("http/protobuf", {BASE: "http://c:4318"}, id="HTTP port"),
        pytest.param("grpc", {BASE: "http://c:4317"}, id="gRPC port"),
        pytest.param("grpc", {BASE: "c:4317"}, id="gRPC port without a scheme"),
        pytest.param("grpc", {BASE: "http://c:4318", TRACES: "http://c:4317"}, id="own endpoint first"),
        pytest.param(
            "http/protobuf",
            {BASE: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            id="named",
        ),
        pytest.param(
            "grpc",
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
            id="own protocol first",
        ),
    ],
)
def test_the_protocol_is_the_one_named_or_the_one_of_the_port(expected, environ):
    assert expected == otlp_settings.protocol(environ, "traces")


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        pytest.param("gzip", {}, id="default"),
        pytest.param("none", {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}, id="off"),
        pytest.param("deflate", {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "deflate"}, id="own"),
    ],
)
def test_requests_are_compressed_unless_a_variable_says_otherwise(expected, environ):
    assert expected == otlp_settings.compression(environ, "traces", "http/protobuf")


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        pytest.param(3_670_016, {}, id="default"),
        pytest.param(1000, {"LANGSPAN_EXPORT_MAX_BYTES": "1000"}, id="set"),
    ],
)
def test_the_size_of_a_request_has_a_limit(expected, environ):
    assert expected == settings.max_bytes(environ)


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        pytest.param("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", otlp_settings.protocol, id="protocol"),
        pytest.param(BASE, "http://c:port", otlp_settings.protocol, id="port"),
        pytest.param(TRACES, "http://[::1", otlp_settings.protocol, id="brackets"),
        pytest.param(
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "brotli",
            lambda e, s: otlp_settings.compression(e, s, "grpc"),
            id="compression",
        ),
        pytest.param(
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "deflate",
            lambda e, s: otlp_settings.compression(e, s, "grpc"),
            id="deflate",
        ),
        pytest.param(
            "LANGSPAN_EXPORT_MAX_BYTES", "4MB", lambda e, s: settings.max_bytes(e), id="not a number"
        ),
        pytest.param("LANGSPAN_EXPORT_MAX_BYTES", "0", lambda e, s: settings.max_bytes(e), id="zero"),
        pytest.param(BASE, "localhost:4318", lambda e, s: otlp_settings.check(e, s, HTTP), id="no scheme"),
        pytest.param(
            "OTEL_EXPORTER_OTLP_TIMEOUT", "10s", lambda e, s: otlp_settings.check(e, s, "grpc"), id="timeout"
        ),
        pytest.param(
            "OTEL_BSP_SCHEDULE_DELAY", "soon", lambda e, s: settings.check_batches(e, "OTEL_BSP"), id="delay"
        ),
        pytest.param(
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "5000",
            lambda e, s: settings.check_batches(e, "OTEL_BSP"),
            id="batch",
        ),
        pytest.param(
            "OTEL_METRIC_EXPORT_INTERVAL", "-1", lambda e, s: settings.check_intervals(e), id="interval"
        ),
    ],
)
def test_a_bad_value_is_refused_by_name(variable, value, read):
    """The error names the variable and the value, so that it can be mended without reading the source."""
    with pytest.raises(ValueError, match=variable) as caught:
        read({variable: value}, "traces")
    assert value in str(caught.value)


@pytest.mark.parametrize(("expected", "value"), [(True, "true"), (True, "True "), (False, "1"), (False, "")])
def test_the_sdk_is_disabled_only_by_the_word_true(expected, value):
    assert expected == settings.disabled({"OTEL_SDK_DISABLED": value})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("ftp://me:secret@host", "'ftp://***@host'", id="login"),
        pytest.param("http://me:secret/x@host:4318", "'http://***@host:4318'", id="password with a slash"),
        pytest.param("http://me:secret@host:x", "'http://***@host:x'", id="bad port"),
        pytest.param("me:secret@ho:st", "'***@ho:st'", id="no scheme"),
        pytest.param("http://:x", "'http://:x'", id="no login"),
    ],
)
def test_a_wrong_address_is_shown_without_its_login(address, shown):
    with pytest.raises(ValueError, match="is not a URL") as caught:
        otlp_settings.check({BASE: address}, "traces", HTTP)
    assert shown in str(caught.value)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("to http://me:s3cret@host:1 failed", "to http://***@host:1 failed", id="login"),
        pytest.param("to me:s3cret@host:1 failed", "to ***@host:1 failed", id="login without a scheme"),
        pytest.param("url: /v1/traces?key=s3cret (refused)", "url: /v1/traces?*** (refused)", id="query"),
        pytest.param("'https://host?key=s3cret&a=b'", "'https://host?***'", id="query after the host"),
        pytest.param("is it up? a=b", "is it up? a=b", id="a question"),
    ],
)
def test_messages_of_exporters_are_shown_without_secrets(text, shown):
    assert shown == settings.without_secrets(text)


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        pytest.param("http/protobuf", "http://me:s3cret@127.0.0.1:{port}/x?key=s3cret", id="HTTP"),
        pytest.param("grpc", "http://me:s3cret@127.0.0.1:{port}", id="gRPC"),
    ],
)
def test_a_failing_export_is_logged_without_secrets(exports, caplog, protocol, endpoint):
    """Whatever the exporter quotes of its address."""
    address = endpoint.format(port=closed_port().rpartition(":")[2])
    environ = {TRACES: address, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_TIMEOUT": "0.3"}
    telemetry = exports(environ)
    telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    assert not telemetry.flush(3)
    telemetry.shutdown(0.5)  # some versions try for a minute, whatever the timeout says
    assert "langspan: " in caplog.text
    assert "s3cret" not in caplog.text
