"""A fleet on one machine: real agents, gateways, Kafka, ingesters, OpenSearch and two Jaegers, on free ports.

with running_fleet(folder) as fleet:
    ...  # export to fleet.agents[0].grpc, fleet.gateways[0].kill(), fleet.gateways[0].start()
    fleet.stored()
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from support.backends import REPOSITORY, Service, free_ports, get, wait_until

CONFIG = REPOSITORY / "collector-config" / "fleet"
BACKENDS = REPOSITORY / ".backends"
TOPIC = "otlp_spans"
UNDECIDED_TOPIC = "otlp_undecided"
PARTITIONS = 6
LARGEST_RECORD = 100_663_296
"""Bytes; the same number as in gateway.yaml, ingester.yaml and kafka.properties."""
KAFKA_HEAP = "512m"
SEARCH_HEAP = "1g"
WAIT_FOR_TOOL = 60
START_WITHIN = 120.0
READ_WITHIN = 120.0
TICKS = os.sysconf("SC_CLK_TCK")
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fleet_binary(name: str) -> Path:
    """Return a file of `make backends` or `make backends-fleet`; skip without it."""
    path = BACKENDS / name
    if not path.exists():
        pytest.skip(f"{path} is missing: run `make backends backends-fleet`")
    return path


def java() -> str:
    found = shutil.which("java")
    if found is None:
        pytest.skip("the 'java' command is missing: install a JDK 17 or newer")
    return found


@dataclass
class Member(Service):
    """One process of the fleet.

    Attributes:
        tier: What it is: agent, gateway and so on.
        ports: The ports that it was given, by what they are for.
        cpu: Seconds of processor time of earlier processes that were killed.
    """

    tier: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    cpu: float = 0.0
    start_within: float = START_WITHIN

    def kill(self) -> None:
        self.cpu += self._cpu_now()
        super().kill()

    def stop(self) -> None:
        """End it when asked; a process that is asked and does not end is killed, and a failure."""
        if self.process is None or self.process.poll() is not None:
            return
        self.cpu += self._cpu_now()
        self.process.terminate()
        try:
            self.process.wait(START_WITHIN)
        except subprocess.TimeoutExpired:
            super().kill()
            raise

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes."""
        return self.cpu + self._cpu_now()

    @property
    def memory(self) -> int:
        """Return the most that the running process ever held, in megabytes."""
        status = self._proc("status")
        found = re.search(r"VmHWM:\s+(\d+)", status)
        return int(found[1]) // 1024 if found else 0

    def metric(self, name: str) -> float:
        """Return one of the collector's own metrics, summed up over its labels."""
        page = get(f"http://127.0.0.1:{self.ports['own']}/metrics") or b""
        found = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", page.decode(), re.MULTILINE)
        return sum(float(value) for value in found)

    def _cpu_now(self) -> float:
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0

    def _proc(self, name: str) -> str:
        if self.process is None or self.process.poll() is not None:
            return ""
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def _healthy(self) -> bool:
        if self.health.startswith("http"):
            return super()._healthy()
        assert self.process is not None
        assert self.process.poll() is None, f"{self.command} ended at once:\n{self._told()}"
        host, _, port = self.health.partition(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0


@dataclass
class Fleet:
    """The running processes. `folder` holds their logs, queues and data."""

    folder: Path
    kafka: Member
    search: Member
    writer: Member
    reader: Member
    agents: list[Member] = field(default_factory=list)
    gateways: list[Member] = field(default_factory=list)
    ingesters: list[Member] = field(default_factory=list)

    @property
    def collectors(self) -> list[Member]:
        return [*self.agents, *self.gateways, *self.ingesters]

    @property
    def members(self) -> list[Member]:
        return [*self.collectors, self.kafka, self.search, self.writer, self.reader]

    def waiting(self) -> int:
        """Return how many bytes wait in queues, and how many records in Kafka, together."""
        queued = sum(member.metric("otelcol_exporter_queue_size") for member in self.collectors)
        return int(queued) + self.lag()

    def lag(self) -> int:
        """Return how many records no ingester has taken over yet."""
        told = kafka_tool(
            "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
            self.kafka.ports["kafka"],
            *("--describe", "--group", "ingester"),
        )
        rows = [line.split() for line in told.splitlines() if TOPIC in line]
        # Columns 3 and 4: where the group is, or "-" where it has never been; where the partition ends.
        return sum(int(row[4]) - (int(row[3]) if row[3].isdigit() else 0) for row in rows)

    def stored(self) -> dict[str, Counter[str]]:
        """Return how often each span of each trace is in OpenSearch."""
        base = f"http://127.0.0.1:{self.search.ports['http']}"
        ask(f"{base}/_refresh", {})
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        query: dict[str, Any] = {"size": 5000, "_source": ["traceID", "spanID"], "sort": ["_doc"]}
        page = ask(f"{base}/langspan-jaeger-span-*/_search?scroll=1m", query)
        while page["hits"]["hits"]:
            for hit in page["hits"]["hits"]:
                found[hit["_source"]["traceID"]][hit["_source"]["spanID"]] += 1
            page = ask(f"{base}/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        return found

    def read(self, trace_id: str) -> set[str]:
        """Return the ids of the trace's spans as Jaeger tells them: none, if it does not know the trace."""
        url = f"http://127.0.0.1:{self.reader.ports['ui']}/api/v3/traces/{trace_id}"
        try:
            with _http.open(url, timeout=READ_WITHIN) as response:  # a large trace takes a while
                resources = json.loads(response.read())["result"]["resourceSpans"]
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == HTTPStatus.NOT_FOUND:
                return set()
            raise
        scopes = [scope for resource in resources for scope in resource.get("scopeSpans", [])]
        return {span["spanId"] for scope in scopes for span in scope.get("spans", [])}


def ask(url: str, body: Any) -> Any:
    """Post JSON, return JSON."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with _http.open(request, timeout=60) as response:
        return json.loads(response.read())


def kafka_tool(main: str, port: int, *arguments: str) -> str:
    """Run one of Kafka's commands against the broker; return what it prints."""
    jars = f"{fleet_binary('kafka')}/lib/*"
    command = [java(), "-Xmx128m", "-cp", jars, main, "--bootstrap-server", f"127.0.0.1:{port}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_FOR_TOOL, check=False)
    return done.stdout


@contextmanager
def running_fleet(
    folder: Path, agents: int = 3, gateways: int = 2, ingesters: int = 2, *, behind_broker: bool = False
) -> Iterator[Fleet]:
    """Run everything, with the shipped configuration, until the block ends.

    With `behind_broker`, gateways take the spans out of Kafka, where the agents have written them.
    """
    with ExitStack() as stack:

        def started(member: Member) -> Member:
            stack.callback(member.stop)
            member.start()
            return member

        search = started(search_node(folder))
        store = {"FLEET_OPENSEARCH": json.dumps([f"http://127.0.0.1:{search.ports['http']}"])}
        kafka = started(broker(folder))
        for topic in (TOPIC, UNDECIDED_TOPIC):
            make_topic(kafka.ports["kafka"], topic)
        brokers = {"FLEET_KAFKA": json.dumps([f"127.0.0.1:{kafka.ports['kafka']}"])}
        writer = started(jaeger(folder, "write", store))
        fleet = Fleet(folder, kafka, search, writer, started(jaeger(folder, "query", store)))
        target = {**brokers, "JAEGER_OTLP_ENDPOINT": f"127.0.0.1:{writer.ports['otlp']}"}
        fleet.ingesters += [started(collector(folder, "ingester", n, target)) for n in range(ingesters)]
        over, under = ("agent-to-kafka", "gateway-from-kafka") if behind_broker else ("", "")
        fleet.gateways += [started(collector(folder, "gateway", n, brokers, under)) for n in range(gateways)]
        names = {"FLEET_GATEWAYS": json.dumps([f"127.0.0.1:{g.ports['grpc']}" for g in fleet.gateways])}
        target = {**brokers, **names}
        fleet.agents += [started(collector(folder, "agent", n, target, over)) for n in range(agents)]
        yield fleet


def collector(folder: Path, tier: str, number: int, env: Mapping[str, str], variant: str = "") -> Member:
    """Describe a collector with one of the shipped configurations, and the file of a variant over it."""
    grpc, http, health, metrics, own = free_ports(5)
    settings = {
        **env,
        "OTELCOL_GRPC_PORT": str(grpc),
        "OTELCOL_HTTP_PORT": str(http),
        "OTELCOL_HEALTH_PORT": str(health),
        "OTELCOL_METRICS_PORT": str(metrics),
        "OTELCOL_OWN_METRICS_PORT": str(own),
        "OTELCOL_QUEUE_DIR": str(folder / f"queue-{tier}-{number}"),
        "FLEET_NAME": f"{tier}-{number}",
    }
    command: list[Path | str] = [fleet_binary("bin/otelcol-fleet")]
    command += [word for name in (tier, variant) if name for word in ("--config", CONFIG / f"{name}.yaml")]
    log = folder / f"{tier}-{number}.log"
    ports = {"grpc": grpc, "http": http, "own": own, "metrics": metrics}
    return Member(command, settings, f"http://127.0.0.1:{health}/", log, tier=tier, ports=ports)


def jaeger(folder: Path, part: str, env: Mapping[str, str]) -> Member:
    """Describe the Jaeger that writes or the one that is asked."""
    otlp, health, own, ui, grpc = free_ports(5)
    settings = {
        **env,
        "JAEGER_OTLP_PORT": str(otlp),
        "JAEGER_HEALTH_PORT": str(health),
        "JAEGER_OWN_METRICS_PORT": str(own),
        "JAEGER_UI_PORT": str(ui),
        "JAEGER_GRPC_PORT": str(grpc),
    }
    files = [CONFIG / f"jaeger-{part}.yaml", CONFIG / "store-opensearch.yaml"]
    command: list[Path | str] = [fleet_binary("bin/jaeger")]
    command += [word for file in files for word in ("--config", file)]
    url = f"http://127.0.0.1:{health}/status"
    ports = {"otlp": otlp, "own": own, "ui": ui}
    return Member(command, settings, url, folder / f"jaeger-{part}.log", tier=f"jaeger-{part}", ports=ports)


def search_node(folder: Path) -> Member:
    """Describe OpenSearch."""
    http, transport = free_ports(2)
    home = fleet_binary("opensearch")
    command: list[Path | str] = [java(), f"-Xms{SEARCH_HEAP}", f"-Xmx{SEARCH_HEAP}"]
    command += [
        "-cp",
        f"{home}/classes:{home}/lib/*",
        "SearchNode",
        folder / "search",
        str(http),
        str(transport),
    ]
    url = f"http://127.0.0.1:{http}/_cluster/health"
    return Member(command, {}, url, folder / "opensearch.log", tier="opensearch", ports={"http": http})


def broker(folder: Path) -> Member:
    """Describe Kafka, on an empty folder that it is given here."""
    port, controller = free_ports(2)
    shipped = (CONFIG / "kafka.properties").read_text()
    own = shipped.replace("29092", str(port)).replace("29093", str(controller))
    properties = folder / "kafka.properties"
    properties.write_text(re.sub(r"(?m)^log\.dirs=.*$", f"log.dirs={folder / 'kafka'}", own))
    run = [java(), f"-Xmx{KAFKA_HEAP}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    run += ["-cp", f"{fleet_binary('kafka')}/lib/*"]
    format_it = ["kafka.tools.StorageTool", "format", "-t", "A" * 22, "-c", str(properties)]
    subprocess.run([*run, *format_it], capture_output=True, timeout=WAIT_FOR_TOOL, check=True)
    command: list[Path | str] = [*run, "kafka.Kafka", properties]
    health = f"127.0.0.1:{port}"
    return Member(command, {}, health, folder / "kafka.log", tier="kafka", ports={"kafka": port})


def make_topic(port: int, name: str) -> None:
    """Make a topic, with room for the largest record."""
    topic = ["--create", "--topic", name, "--partitions", str(PARTITIONS), "--replication-factor", "1"]
    limit = ["--config", f"max.message.bytes={LARGEST_RECORD}"]

    def made() -> bool:
        told = kafka_tool("org.apache.kafka.tools.TopicCommand", port, *topic, "--if-not-exists", *limit)
        return name in told

    wait_until(made, START_WITHIN, lambda: f"no topic {name}")
