"""deploy/kubernetes/sampling and fleet: each part reaches the next one and no other, and leaves gently."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cluster.manifests import Manifest, container, effective, of_kind, pods, selected
from support.backends import COLLECTOR_CONFIG

OVERLAYS = ("sampling", "fleet")
MIB = 2**20
each_overlay = pytest.mark.parametrize("folder", OVERLAYS)


@each_overlay
def test_services_lead_to_ports_of_their_pods(folder: str) -> None:
    for service in of_kind(folder, "Service").values():
        label = service["spec"]["selector"]
        (pod,) = [
            each for each in pods(folder).values() if label.items() <= each["metadata"]["labels"].items()
        ]
        names = {each["name"]: each["containerPort"] for each in container(pod)["ports"]}
        for port in service["spec"]["ports"]:
            assert port["port"] == names[port["targetPort"]]


@each_overlay
def test_agents_ask_for_the_gateways_by_a_service_that_has_an_address_for_each(
    folder: str, tmp_path: Path
) -> None:
    resolver = effective(folder, "langspan-agent", tmp_path)["exporters"]["load_balancing"]["resolver"]
    assert {"static": None, "dns": resolver["dns"]} == resolver
    service = of_kind(folder, "Service")[resolver["dns"]["hostname"]]["spec"]
    assert ("None", {"app.kubernetes.io/name": "langspan-gateway"}) == (
        service["clusterIP"],
        service["selector"],
    )
    assert int(resolver["dns"]["port"]) in {each["port"] for each in service["ports"]}
    # One that is to end has to leave the name, which it does not if those that are not ready stay.
    assert not service.get("publishNotReadyAddresses")


@each_overlay
def test_an_agent_gives_up_on_an_address_and_never_on_a_batch(folder: str, tmp_path: Path) -> None:
    """An address that is gone would hold its batches for ever. The rest is as for a list of names."""
    balancer = effective(folder, "langspan-agent", tmp_path)["exporters"]["load_balancing"]
    inner = balancer["protocol"]["otlp"]
    assert {"enabled": False} == inner["sending_queue"]
    assert "30s" == inner["retry_on_failure"]["max_elapsed_time"]
    assert (True, "0s") == (
        balancer["retry_on_failure"]["enabled"],
        balancer["retry_on_failure"]["max_elapsed_time"],
    )
    assert "file_storage/queue" == balancer["sending_queue"]["storage"]


@each_overlay
def test_an_agent_tells_what_applications_measure_as_the_base_does(folder: str, tmp_path: Path) -> None:
    config, shipped = (
        effective(folder, "langspan-agent", tmp_path),
        yaml.safe_load(COLLECTOR_CONFIG.read_text()),
    )
    shown = shipped["exporters"]["prometheus"] | {"endpoint": "0.0.0.0:8889"}
    assert shown == config["exporters"]["prometheus"]
    assert shipped["service"]["pipelines"]["metrics"] == config["service"]["pipelines"]["metrics"]


@pytest.mark.parametrize("folder", ["base", *OVERLAYS])
def test_a_gateway_takes_more_than_an_agent_may_send(folder: str, tmp_path: Path) -> None:
    """An agent may put what waits and one large request into one, and a refusal for its size is final."""
    agent = effective(folder, "langspan-agent", tmp_path)
    accepted = agent["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"]
    gateway = effective(folder, "langspan-gateway", tmp_path)
    takes = gateway["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"]
    queue = agent["exporters"].get("otlp_grpc/jaeger", {}).get("sending_queue", {})
    assert accepted * MIB + queue.get("batch", {}).get("min_size", 0) < takes * MIB


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)(s|m)", text)
    assert found
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


@each_overlay
def test_a_gateway_that_ends_takes_spans_until_agents_know_then_decides_then_hands_over(
    folder: str, tmp_path: Path
) -> None:
    """A name server answers from memory for up to 30 seconds, and agents ask it every 5."""
    gateway = pods(folder)["langspan-gateway"]["spec"]
    pause = gateway["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    resolver = effective(folder, "langspan-agent", tmp_path)["exporters"]["load_balancing"]["resolver"]
    assert 30 + seconds(resolver["dns"]["interval"]) < pause
    sampling = effective(folder, "langspan-gateway", tmp_path)["processors"]["tail_sampling"]
    wait = seconds(sampling.get("decision_wait_after_root_received") or sampling["decision_wait"])
    assert pause + wait + 30 < gateway["terminationGracePeriodSeconds"]
    (stateful,) = [of_kind(folder, "StatefulSet")["langspan-gateway"]["spec"]]
    assert pause == stateful["minReadySeconds"]


@each_overlay
def test_gateways_are_two_at_least_and_leave_one_at_a_time(folder: str) -> None:
    (scaler,) = of_kind(folder, "HorizontalPodAutoscaler").values()
    assert ("langspan-gateway", 2) == (
        scaler["spec"]["scaleTargetRef"]["name"],
        scaler["spec"]["minReplicas"],
    )
    assert [{"type": "Pods", "value": 1, "periodSeconds": 120}] == scaler["spec"]["behavior"]["scaleDown"][
        "policies"
    ]
    budget = of_kind(folder, "PodDisruptionBudget")["langspan-gateway"]["spec"]
    assert 1 == budget["maxUnavailable"]
    assert {"app.kubernetes.io/name": "langspan-gateway"} == budget["selector"]["matchLabels"]


def policies(folder: str) -> list[Manifest]:
    return list(of_kind(folder, "NetworkPolicy").values())


@each_overlay
def test_policies_are_for_pods_that_exist_and_name_ports_that_they_have(folder: str) -> None:
    for policy in policies(folder):
        found = list(selected(policy, folder))
        assert found
        wanted = {port["port"] for rule in policy["spec"].get("ingress", ()) for port in rule["ports"]}
        assert wanted <= {each["name"] for pod in found for each in container(pod)["ports"]}


@pytest.mark.parametrize(
    ("sender", "taker", "port"),
    [
        ("langspan-agent", "langspan-gateway", 4317),
        ("langspan-ingester", "jaeger-write", 34317),
    ],
)
def test_what_sends_may_send_and_what_takes_may_take(sender: str, taker: str, port: int) -> None:
    to = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": taker}}}
    by = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": sender}}}
    rules = {way: [rule for each in policies("fleet") for rule in each["spec"].get(way, ())]
             for way in ("egress", "ingress")}  # fmt: skip
    assert [[{"protocol": "TCP", "port": port}]] == [r["ports"] for r in rules["egress"] if to in r["to"]]
    assert [[{"protocol": "TCP", "port": "otlp-grpc"}]] == [
        r["ports"] for r in rules["ingress"] if by in r["from"]
    ]


@pytest.mark.parametrize(
    ("system", "clients"),
    [("kafka", {"langspan-gateway", "langspan-ingester"}), ("opensearch", {"jaeger-write", "jaeger-query"})],
)
def test_only_who_needs_it_reaches_kafka_and_opensearch(system: str, clients: set[str]) -> None:
    policy = of_kind("fleet", "NetworkPolicy")[system]
    assert clients == {
        pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in selected(policy, "fleet")
    }
    (rule,) = policy["spec"]["egress"]
    (to,) = rule["to"]
    assert {f"langspan.dev/{system}": "true"} == to["namespaceSelector"]["matchLabels"]
