"""The signals that Jaeger does not keep: metrics can be read; logs are counted, and not printed."""

import re

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExporter, MetricExportResult

from support.backends import Backends, Collector, get, wait_until

CANARY = "canary-of-the-log-test"


def metric_exporter(protocol: str, collector: Collector) -> MetricExporter:
    if protocol == "grpc":
        return GrpcExporter(endpoint=collector.grpc, insecure=True)
    return HttpExporter(endpoint=f"{collector.http}/v1/metrics")


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_metric_shows_on_the_metrics_page(backends: Backends, protocol: str) -> None:
    name = f"stack.{protocol}.tokens"
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("stack")
    meter.create_counter(name).add(7, {"gen_ai.request.model": "m"})
    data = reader.get_metrics_data()
    exporter = metric_exporter(protocol, backends.collector)

    assert data is not None
    assert MetricExportResult.SUCCESS is exporter.export(data)
    exporter.shutdown()

    page = (get(backends.collector.metrics) or b"").decode()
    shown = re.findall(
        rf'^{name.replace(".", "_")}_total{{.*gen_ai_request_model="m".*}} (\S+)$', page, re.MULTILINE
    )
    assert ["7"] == shown


def test_logs_are_counted_and_their_content_is_not_printed(backends: Backends) -> None:
    record = {"eventName": "gen_ai.test", "body": {"stringValue": CANARY}, "attributes": []}
    message = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record] * 17}]}]}

    answer = httpx.post(f"{backends.collector.http}/v1/logs", json=message, trust_env=False)

    assert (200, {"partialSuccess": {}}) == (answer.status_code, answer.json())
    log = backends.collector.log
    wait_until(lambda: '"log records": 17' in log.read_text(), 10, lambda: f"no log records counted in {log}")
    assert CANARY not in log.read_text()
