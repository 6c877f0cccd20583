"""The official collector with its own limits, not the raised ones of our configuration."""

from __future__ import annotations

import pytest

from support.backends import get, running_collector

CONFIG = """
extensions:
  health_check: {endpoint: "127.0.0.1:${env:OTELCOL_HEALTH_PORT}"}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "127.0.0.1:${env:OTELCOL_GRPC_PORT}"}
      http: {endpoint: "127.0.0.1:${env:OTELCOL_HTTP_PORT}"}
exporters:
  debug:
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], exporters: [debug]}
  telemetry:
    metrics:
      readers:
        - pull: {exporter: {prometheus: {host: 127.0.0.1, port: "${env:OTELCOL_METRICS_PORT}"}}}
"""


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collector")
    config = folder / "collector.yaml"
    config.write_text(CONFIG)
    with running_collector(folder, "unused:0", config) as collector:
        yield collector


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_with_default_limits_accepts_large_spans(exports, collector, protocol):
    """200 spans of 100 kB are 20 MB: five times what it takes over gRPC in one request."""
    endpoint = collector.grpc if protocol == "grpc" else collector.http
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol})
    before = accepted(collector)
    for _ in range(200):
        telemetry.tracer_provider.get_tracer("t").start_span("s", attributes={"prompt": "x" * 100_000}).end()
    assert telemetry.flush(20)
    assert 200 == accepted(collector) - before


def accepted(collector):
    """Count the spans the collector says it has accepted."""
    lines = (get(collector.metrics) or b"").decode().splitlines()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith("otelcol_receiver_accepted_spans")
    )
