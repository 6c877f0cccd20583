"""The fleet's files: accepted by the real binaries, without the combinations that lose spans silently."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.fleet import CONFIG, fleet_binary

COLLECTORS = ("agent", "gateway", "ingester")
JAEGERS = ("jaeger-write", "jaeger-query")
STORES = ("store-opensearch", "store-clickhouse")
VARIANTS = (("agent", "agent-to-kafka"), ("gateway", "gateway-from-kafka"))
"""Files that are laid over another."""
VARIABLE = re.compile(r"\$\{env:(\w+):-([^}]*)\}")
LARGEST_FETCH = 104_857_600
"""With more, the Kafka receiver passes `validate`, and its process neither starts nor ends."""


def load(name: str) -> Any:
    """Read a configuration as it is when no variable is set."""
    return yaml.safe_load(VARIABLE.sub(lambda found: found[2], (CONFIG / f"{name}.yaml").read_text()))


def validate(binary: str, *names: str) -> subprocess.CompletedProcess[str]:
    files = [word for name in names for word in ("--config", str(CONFIG / f"{name}.yaml"))]
    command = [fleet_binary(f"bin/{binary}"), "validate", *files]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def endpoints(node: Any) -> list[str]:
    """Return every address on which something of a configuration listens."""
    if not isinstance(node, dict):
        return []
    own = [node["endpoint"]] if "endpoint" in node else []
    if {"host", "port"} <= node.keys():
        own.append(f"{node['host']}:{node['port']}")
    return own + [found for value in node.values() for found in endpoints(value)]


def kafka_properties() -> dict[str, str]:
    lines = (CONFIG / "kafka.properties").read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("name", COLLECTORS)
def test_the_fleets_collector_accepts_its_configuration(name: str) -> None:
    result = validate("otelcol-fleet", name)
    assert (0, "") == (result.returncode, result.stderr)


@pytest.mark.parametrize("names", VARIANTS, ids=lambda names: names[1])
def test_the_fleets_collector_accepts_each_variant(names: tuple[str, str]) -> None:
    result = validate("otelcol-fleet", *names)
    assert (0, "") == (result.returncode, result.stderr)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("part", JAEGERS)
def test_jaeger_accepts_each_part_with_each_store(part: str, store: str) -> None:
    assert 0 == validate("jaeger", part, store).returncode


def test_the_fleets_collector_holds_what_its_configurations_name_and_nothing_else() -> None:
    manifest = yaml.safe_load((CONFIG.parent / "backends" / "otelcol-fleet.yaml").read_text())
    built = {
        module["gomod"].split()[0].rpartition("/")[2]
        for kind in ("receivers", "processors", "exporters", "connectors", "extensions")
        for module in manifest[kind]
    }
    named = {
        f"{component.partition('/')[0].replace('_', '')}{kind.removesuffix('s')}"
        for name in COLLECTORS
        for kind in ("receivers", "processors", "exporters", "connectors", "extensions")
        for component in load(name).get(kind, {})
    }
    aliases = {"otlpgrpcexporter": "otlpexporter", "filestorageextension": "filestorage"}
    assert built == {aliases.get(module, module) for module in named}


def test_without_variables_everything_listens_on_loopback_only() -> None:
    hosts = {at.rpartition(":")[0] for name in COLLECTORS + JAEGERS for at in endpoints(load(name))}
    assert {"127.0.0.1"} == hosts


def test_without_variables_all_parts_fit_together_on_one_machine() -> None:
    ingester = load("ingester")
    to_jaeger = ingester["exporters"]["otlp_grpc/jaeger"]["endpoint"]
    at = [at for name in COLLECTORS + JAEGERS for at in endpoints(load(name))]
    assert 2 == at.count(to_jaeger)
    assert len(at) - 1 == len({*at})
    first, *_ = load("agent")["exporters"]["load_balancing"]["resolver"]["static"]["hostnames"]
    assert first in at
    (broker,) = load("gateway")["exporters"]["kafka"]["brokers"]
    assert [broker] == load("ingester")["receivers"]["kafka"]["brokers"]
    assert f"PLAINTEXT://{broker}" == kafka_properties()["advertised.listeners"]


def test_what_the_agent_accepts_is_too_large_nowhere() -> None:
    """Each hop takes at least what the hop before may send; a record of Kafka has one number everywhere."""
    agent, gateway, ingester = (load(name) for name in COLLECTORS)
    protocols = agent["receivers"]["otlp"]["protocols"]
    accepted = protocols["grpc"]["max_recv_msg_size_mib"] * 2**20
    assert accepted == protocols["http"]["max_request_body_size"]
    assert accepted < gateway["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] * 2**20

    producer = gateway["exporters"]["kafka"]
    request = producer["sending_queue"]["batch"]["max_size"]
    record = producer["producer"]["max_message_bytes"]
    assert accepted < request < 0.8 * record
    consumer = ingester["receivers"]["kafka"]
    broker = kafka_properties()
    assert {record} == {
        int(broker["message.max.bytes"]),
        int(broker["replica.fetch.max.bytes"]),
        consumer["max_fetch_size"],
        consumer["max_partition_fetch_size"],
    }
    assert record <= LARGEST_FETCH < int(broker["socket.request.max.bytes"])

    jaeger = load("jaeger-write")["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] * 2**20
    batch = ingester["exporters"]["otlp_grpc/jaeger"]["sending_queue"]["batch"]
    assert 0 == batch["max_size"]
    assert record + batch["min_size"] < jaeger


def test_the_agent_keeps_spans_in_files_until_their_gateway_has_them_and_sends_to_no_other() -> None:
    balancer = load("agent")["exporters"]["load_balancing"]
    inner = balancer["protocol"]["otlp"]
    assert "file_storage/queue" == balancer["sending_queue"]["storage"]
    assert balancer["retry_on_failure"] == {"enabled": False}
    assert {"enabled": False} == inner["sending_queue"]
    assert (True, "0s") == (
        inner["retry_on_failure"]["enabled"],
        inner["retry_on_failure"]["max_elapsed_time"],
    )
    assert {"static"} == balancer["resolver"].keys()


def test_the_agent_does_with_metrics_and_logs_what_the_collector_of_one_machine_does() -> None:
    agent = load("agent")
    shipped = yaml.safe_load(
        VARIABLE.sub(lambda found: found[2], (CONFIG.parent / "collector.yaml").read_text())
    )
    for signal, exporter in (("metrics", "prometheus"), ("logs", "debug")):
        assert shipped["service"]["pipelines"][signal] == agent["service"]["pipelines"][signal]
        assert shipped["exporters"][exporter] == agent["exporters"][exporter]


def test_a_gateway_waits_where_it_would_have_to_drop() -> None:
    gateway = load("gateway")
    sampling = gateway["processors"]["tail_sampling"]
    queue = gateway["exporters"]["kafka"]["sending_queue"]
    assert ("span-ingest", True, True) == (
        sampling["sampling_strategy"],
        sampling["block_on_overflow"],
        queue["block_on_overflow"],
    )
    cache = sampling["decision_cache"]
    assert sampling["num_traces"] < min(cache["sampled_cache_size"], cache["non_sampled_cache_size"])


def test_an_ingester_tells_kafka_that_it_is_done_when_it_has_it_in_its_files() -> None:
    ingester = load("ingester")
    receiver = ingester["receivers"]["kafka"]
    marking = receiver["message_marking"]
    assert (True, False) == (marking["after"], marking["on_error"])
    assert "earliest" == receiver["initial_offset"]
    assert (True, "0s") == (
        receiver["error_backoff"]["enabled"],
        receiver["error_backoff"]["max_elapsed_time"],
    )
    assert "file_storage/queue" == ingester["exporters"]["otlp_grpc/jaeger"]["sending_queue"]["storage"]


@pytest.mark.parametrize("name", ["gateway", "agent-to-kafka"])
def test_no_topic_makes_itself(name: str) -> None:
    assert "false" == kafka_properties()["auto.create.topics.enable"]
    assert load(name)["exporters"]["kafka"]["producer"]["allow_auto_topic_creation"] is False


def test_behind_kafka_the_same_limits_hold() -> None:
    """And gateways keep their partitions, read from the oldest record, and tell Kafka nothing meanwhile."""
    producer = load("agent-to-kafka")["exporters"]["kafka"]
    assert load("gateway")["exporters"]["kafka"]["producer"] == producer["producer"]
    assert producer["partition_traces_by_id"] is True
    consumer = load("gateway-from-kafka")["receivers"]["kafka"]
    assert producer["producer"]["max_message_bytes"] == consumer["max_fetch_size"]
    assert consumer["max_fetch_size"] == consumer["max_partition_fetch_size"]
    assert ("earliest", "8760h") == (consumer["initial_offset"], consumer["autocommit"]["interval"])
    assert "group_instance_id" in consumer


@pytest.mark.parametrize("name", COLLECTORS)
def test_each_queue_with_files_has_its_extension_started(name: str) -> None:
    config = load(name)
    assert "file_storage/queue" in config["extensions"]
    assert "file_storage/queue" in config["service"]["extensions"]


@pytest.mark.parametrize("name", COLLECTORS)
def test_memory_is_limited_before_anything_else_happens(name: str) -> None:
    pipelines = load(name)["service"]["pipelines"]
    outside = [each for each in pipelines.values() if each["receivers"] != ["span_metrics"]]
    firsts = {pipeline["processors"][0] for pipeline in outside}
    assert {"memory_limiter"} == firsts


def test_both_jaegers_use_the_store_that_every_store_file_names() -> None:
    assert "main" == load("jaeger-write")["exporters"]["jaeger_storage_exporter"]["trace_storage"]
    assert {"traces": "main"} == load("jaeger-query")["extensions"]["jaeger_query"]["storage"]
    backends = [load(store)["extensions"]["jaeger_storage"]["backends"] for store in STORES]
    assert [["main"]] * len(STORES) == [[*backend] for backend in backends]


def test_every_file_of_the_fleet_is_checked_here() -> None:
    names = {*COLLECTORS, *JAEGERS, *STORES, *(variant for _, variant in VARIANTS)}
    assert names == {Path(file).stem for file in CONFIG.glob("*.yaml")} - {"kustomization"}
