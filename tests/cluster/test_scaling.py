"""Gateways that come and go behind a name: no agent is held up by one that is gone, and nothing is lost.

The agent of deploy/kubernetes/sampling, in a mount namespace, where a file says what the name means.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from cluster.manifests import KUBERNETES
from support.backends import Service, binary, free_ports, get, running, wait_until
from support.fleet import CONFIG, fleet_binary
from support.handmade import HandMade

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' mount namespaces")

ADDRESSES = ("127.0.0.2", "127.0.0.3")
MORE_THAN_CONSUMERS = 60
"""Requests: each occupies one of the 50 consumers of the agent's queue while its gateway does not answer."""
ARRIVE_WITHIN = 60.0
GATEWAY = """
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:AT}"}}}}
exporters: {debug: {verbosity: detailed, sampling_initial: 1000000}}
extensions: {health_check: {endpoint: "${env:HEALTH}"}}
service:
  extensions: [health_check]
  pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
  telemetry: {metrics: {level: none}}
"""
WITH_NAMES = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'


def own_mounts() -> list[Path | str]:
    """Return the command that runs another one in a mount namespace; skip where that is not allowed."""
    command = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--user", "--map-root-user"])]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no mount namespace of one's own: allow user namespaces, or run as root")
    return [*command]


@dataclass
class Cluster:
    """An agent, and gateways behind the name it asks for."""

    agent: Service
    gateways: list[Service]
    exporter: OTLPSpanExporter
    names: Path
    own_metrics: str

    def name_means(self, addresses: Sequence[str]) -> None:
        """Write in place: the file is mounted."""
        lines = ["127.0.0.1 localhost", *(f"{each} gateways.test" for each in addresses)]
        self.names.write_text("".join(f"{line}\n" for line in lines))

    def knows(self, count: int) -> bool:
        page = (get(self.own_metrics) or b"").decode()
        found = re.search(r"^otelcol_loadbalancer_num_backends(?:\{.*\})? (\d+)", page, re.MULTILINE)
        return found is not None and int(found[1]) == count

    def send(self, requests: int) -> set[str]:
        """Send requests with ten traces each; return the ids of the spans."""
        sent: set[str] = set()
        for _ in range(requests):
            made = HandMade()
            for _ in range(10):
                made.tracer.start_span("some").end()
            assert SpanExportResult.SUCCESS is self.exporter.export(made.spans)
            sent |= {f"{span.context.span_id:016x}" for span in made.spans}
        return sent

    def arrived(self) -> Counter[str]:
        """Return the ids of the spans that gateways told of, with how often."""
        logs = [gateway.log.read_text() for gateway in self.gateways]
        return Counter(
            found for log in logs for found in re.findall(r"^ +ID +: ([0-9a-f]{16})$", log, re.MULTILINE)
        )


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    taking, grpc, http, health, metrics, own, *healths = free_ports(6 + len(ADDRESSES))
    config, names = folder / "gateway.yaml", folder / "hosts"
    config.write_text(GATEWAY)
    isolated = [*own_mounts(), "sh", "-ec", WITH_NAMES, "sh", names]
    files = (CONFIG / "agent.yaml", KUBERNETES / "sampling" / "resolver.yaml")
    collector = [fleet_binary("bin/otelcol-fleet"), *(word for each in files for word in ("--config", each))]
    env = {
        "PATH": os.environ["PATH"],
        "OTELCOL_QUEUE_DIR": str(folder / "queue"),
        "OTELCOL_GRPC_PORT": str(grpc),
        "OTELCOL_HTTP_PORT": str(http),
        "OTELCOL_HEALTH_PORT": str(health),
        "OTELCOL_METRICS_PORT": str(metrics),
        "OTELCOL_OWN_METRICS_PORT": str(own),
        "FLEET_GATEWAYS_NAME": "gateways.test",
        "FLEET_GATEWAYS_PORT": str(taking),
        "FLEET_GATEWAYS_EVERY": "500ms",
        "FLEET_GATEWAY_RETRY_FOR": "6s",
    }
    agent = Service([*isolated, *collector], env, f"http://127.0.0.1:{health}/", folder / "agent.log")
    gateways = [
        Service(
            [binary("otelcol"), "--config", config],
            {"AT": f"{address}:{taking}", "HEALTH": f"127.0.0.1:{port}"},
            f"http://127.0.0.1:{port}/",
            folder / f"{address}.log",
        )
        for address, port in zip(ADDRESSES, healths, strict=True)
    ]
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{http}/v1/traces")
    cluster = Cluster(agent, gateways, exporter, names, f"http://127.0.0.1:{own}/metrics")
    cluster.name_means(ADDRESSES)
    with ExitStack() as stack:
        for service in (*gateways, agent):
            stack.enter_context(running(service))
        stack.callback(exporter.shutdown)
        wait_until(lambda: cluster.knows(2), ARRIVE_WITHIN, agent.log.read_text)
        yield cluster


def test_a_gateway_that_is_gone_for_good_holds_up_nothing(tmp_path: Path) -> None:
    """Its traces go to those that are there, and the agent ends when it is asked to."""
    with running_cluster(tmp_path) as cluster:
        sent = cluster.send(5)
        cluster.gateways[1].kill()
        sent |= cluster.send(MORE_THAN_CONSUMERS)
        cluster.name_means(ADDRESSES[:1])
        sent |= cluster.send(5)
        wait_until(lambda: cluster.arrived().keys() >= sent, ARRIVE_WITHIN, cluster.agent.log.read_text)
        cluster.agent.stop()


def test_a_gateway_that_leaves_its_name_before_it_ends_loses_nothing_and_gets_nothing_twice(
    tmp_path: Path,
) -> None:
    """As the pod does: out of the Service first, then a pause, then the end."""
    with running_cluster(tmp_path) as cluster:
        sent = cluster.send(5)
        cluster.name_means(ADDRESSES[:1])
        sent |= cluster.send(5)
        wait_until(lambda: cluster.knows(1), ARRIVE_WITHIN, cluster.agent.log.read_text)
        cluster.gateways[1].stop()
        sent |= cluster.send(5)
        wait_until(lambda: cluster.arrived().keys() >= sent, ARRIVE_WITHIN, cluster.agent.log.read_text)
        assert dict.fromkeys(sent, 1) == cluster.arrived()
    assert all(gateway.log.read_text().count("ScopeSpans") for gateway in cluster.gateways)
