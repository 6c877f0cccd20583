"""deploy/kubernetes/sampling and fleet: the fleet's configurations, accepted as each pod gets them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.manifests import (
    REPOSITORY,
    VARIABLE,
    configurations,
    container,
    effective,
    environment,
    of_kind,
    pods,
    unset,
    written,
)
from docs.pages import code, page
from support.backends import COLLECTOR_CONFIG, binary
from support.fleet import fleet_binary

WORKLOADS = [
    *(("base", name) for name in ("langspan-agent", "langspan-gateway", "jaeger")),
    *(("sampling", name) for name in ("langspan-agent", "langspan-gateway", "jaeger")),
    *(("fleet", name) for name in ("langspan-agent", "langspan-gateway", "langspan-ingester")),
    *(("fleet", name) for name in ("jaeger-write", "jaeger-query")),
]
SAMPLING = ("docker-compose.yml", "docker-compose.sampling.yml")
SCALE = ("docker-compose.scale.yml",)
# The compose files that have the same part, its name there, and what has another value here, with the reason.
SHIPPED: dict[tuple[str, str], tuple[tuple[str, ...], str, dict[str, str | None]]] = {
    ("sampling", "langspan-agent"): (SCALE, "agent", (agent := {
        "OTELCOL_QUEUE_BYTES": "268435456",  # a node's, for the time to the gateway
        "FLEET_GATEWAYS": None,  # asked for, not listed
        "FLEET_GATEWAYS_NAME": "langspan-gateways",
        "FLEET_GATEWAYS_PORT": "4317",
    })),
    ("fleet", "langspan-agent"): (SCALE, "agent", agent),
    ("sampling", "langspan-gateway"): (SAMPLING, "otel-collector", {
        "OTELCOL_OWN_METRICS_PORT": "8888",  # scraped pod by pod
        "OTELCOL_MAX_RECV_MIB": "128",  # more than an agent may send
    }),
    ("fleet", "langspan-gateway"): (SCALE, "gateway-1", (addresses := {
        "FLEET_KAFKA": '["kafka.kafka.svc:9092"]',
        "FLEET_TOPIC": "otlp_spans",
        "FLEET_OPENSEARCH": '["http://opensearch.opensearch.svc:9200"]',
        "FLEET_INDEX_PREFIX": "langspan",
        "FLEET_SHARDS": "3",
        "FLEET_REPLICAS": "1",
    }) | {
        "OTELCOL_GRPC_PORT": "4317",  # the ports of the base, which Services, probes and policies name
        "OTELCOL_HEALTH_PORT": "13133",
        "OTELCOL_METRICS_PORT": "8889",
        "OTELCOL_OWN_METRICS_PORT": "8888",
        "GOMEMLIMIT": "1600MiB",  # of twice the memory
    }),
    ("fleet", "langspan-ingester"): (SCALE, "ingester-1", addresses | {
        "OTELCOL_HEALTH_PORT": "13133",
        "OTELCOL_OWN_METRICS_PORT": "8888",
        "JAEGER_OTLP_ENDPOINT": "dns:///jaeger-write:34317",
    }),
    ("fleet", "jaeger-write"): (SCALE, "jaeger-write", addresses | {"JAEGER_HEALTH_PORT": "14133"}),
    ("fleet", "jaeger-query"): (SCALE, "jaeger-query", addresses | {"JAEGER_HEALTH_PORT": "14133"}),
}  # fmt: skip
each_workload = pytest.mark.parametrize(("folder", "workload"), WORKLOADS)


@each_workload
def test_a_pod_starts_with_files_of_collector_config_and_deploy(folder: str, workload: str) -> None:
    """One source each: what a cluster gets is what the other ways get, word for word."""
    sources = {path.name: path for path in (REPOSITORY / "deploy").rglob("*.yaml")}
    sources |= {path.name: path for path in COLLECTOR_CONFIG.parent.rglob("*.yaml")}
    sources["agent.yaml"] = COLLECTOR_CONFIG.parent / "fleet" / "agent.yaml"
    for name, text in configurations(pods(folder)[workload], folder).items():
        assert sources[name].read_text() == text


def accepted(workload: str, files: list[Path], seen: dict[str, str]) -> str:
    """Return why the binary refuses to start with these files and variables; empty if it does not.

    Contrib's image has the components of both collectors that are built here.
    """
    if "jaeger" in workload:
        tool = binary("jaeger")
    elif files[0].name == "collector.yaml":
        tool = binary("otelcol")
    else:
        tool = fleet_binary("bin/otelcol-fleet")
    command: list[str | Path] = [
        tool,
        "validate",
        *(word for file in files for word in ("--config", str(file))),
    ]
    done = subprocess.run(command, env=seen, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr or "refused" if done.returncode else ""


@each_workload
def test_the_binary_accepts_what_a_pod_starts_with(folder: str, workload: str, tmp_path: Path) -> None:
    """With the pod's variables."""
    seen = environment(pods(folder)[workload], folder)
    assert "" == accepted(workload, written(folder, workload, tmp_path), seen)


@each_workload
def test_a_pod_has_no_rights(folder: str, workload: str) -> None:
    """As the profile "restricted" of Pod Security wants it; also a read-only root, and no token."""
    pod = pods(folder)[workload]
    assert (True, 10001, "RuntimeDefault", False) == (
        pod["spec"]["securityContext"]["runAsNonRoot"],
        pod["spec"]["securityContext"]["runAsUser"],
        pod["spec"]["securityContext"]["seccompProfile"]["type"],
        pod["spec"]["automountServiceAccountToken"],
    )
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == container(pod)["securityContext"]


@each_workload
def test_behind_every_port_and_probe_something_listens(folder: str, workload: str, tmp_path: Path) -> None:
    text = str(effective(folder, workload, tmp_path))
    used = {
        int(port) for port in re.findall(r"0\.0\.0\.0:(\d+)|'port': (\d+)", text) for port in port if port
    }
    own = container(pods(folder)[workload])
    named = {each["name"]: each["containerPort"] for each in own["ports"]}
    assert used >= {*named.values()}
    probes = {own[kind]["httpGet"]["port"] for kind in ("readinessProbe", "livenessProbe")}
    assert named.keys() >= probes


@each_workload
def test_the_go_runtime_stays_below_the_limit(folder: str, workload: str) -> None:
    pod = pods(folder)[workload]
    limit = container(pod)["resources"]["limits"]["memory"]
    mib = int(limit[:-2]) * (1024 if limit.endswith("Gi") else 1)
    assert mib * 0.6 < int(environment(pod, folder)["GOMEMLIMIT"].removesuffix("MiB")) < mib * 0.8


@pytest.mark.parametrize("place", SHIPPED, ids="-".join)
def test_variables_are_those_of_compose(place: tuple[str, str]) -> None:
    folder, workload = place
    files, service, other = SHIPPED[place]
    parts = [yaml.safe_load((REPOSITORY / file).read_text())["services"][service] for file in files]
    shipped = {key: unset(value) for part in parts for key, value in part["environment"].items()}
    expected = {key: value for key, value in {**shipped, **other}.items() if value is not None}
    assert expected == environment(pods(folder)[workload], folder)


FLEET = [name for folder, name in WORKLOADS if folder == "fleet"]


@pytest.mark.parametrize("workload", FLEET)
def test_what_the_fleets_page_says_one_can_set_is_set_for_each_part_that_reads_it(workload: str) -> None:
    """But the list of gateways: here agents ask for it."""
    rows = page("docs/fleet.md").table("Variable", "Default")
    settings = {name for row in rows for name in code(row["Variable"])} - {"FLEET_GATEWAYS"}
    text = "".join(configurations(pods("fleet")[workload], "fleet").values())
    read = {name for name, _ in VARIABLE.findall(text)} & settings
    assert read
    assert environment(pods("fleet")[workload], "fleet").keys() >= read


@pytest.mark.parametrize("place", SHIPPED, ids="-".join)
def test_images_and_arguments_are_those_of_compose(place: tuple[str, str]) -> None:
    folder, workload = place
    files, service, _ = SHIPPED[place]
    shipped: Any = {}
    for file in files:
        shipped |= yaml.safe_load((REPOSITORY / file).read_text())["services"][service]
    own = container(pods(folder)[workload])
    assert unset(shipped["image"]) == own["image"]
    started = [argument.rpartition("/")[2] for argument in own["args"]]
    added = {"resolver.yaml", "kubernetes.yaml"}
    assert [each.rpartition("/")[2] for each in shipped["command"]] == [
        name for name in started if name not in added
    ]


def test_every_part_of_the_fleet_gets_the_addresses() -> None:
    (name,) = [name for name in of_kind("fleet", "ConfigMap") if name.startswith("fleet-addresses-")]
    uses = {
        workload
        for workload, pod in pods("fleet").items()
        if {"configMapRef": {"name": name}} in container(pod).get("envFrom", ())
    }
    assert {"langspan-gateway", "langspan-ingester", "jaeger-write", "jaeger-query"} == uses


def test_badger_is_gone_and_the_name_jaeger_leads_to_the_one_that_is_asked() -> None:
    assert "jaeger" not in pods("fleet")
    assert {"app.kubernetes.io/name": "jaeger-query"} == of_kind("fleet", "Service")["jaeger"]["spec"][
        "selector"
    ]


def test_without_the_resolver_an_agent_keeps_to_a_list_of_names(tmp_path: Path) -> None:
    """As the page says for a number of gateways that is fixed."""
    files = [file for file in written("sampling", "langspan-agent", tmp_path) if file.name != "resolver.yaml"]
    seen = environment(pods("sampling")["langspan-agent"], "sampling")
    names = {"FLEET_GATEWAYS": '["langspan-gateway-0.langspan-gateways:4317"]'}
    assert "" == accepted("langspan-agent", files, {**seen, **names})


BLOCKS = [
    block.code
    for block in page("docs/recipes/kubernetes.md").blocks
    if block.section == "A fleet" and block.language == "yaml"
]


@pytest.mark.parametrize(
    "workload", ["langspan-gateway", "langspan-ingester", "jaeger-write", "jaeger-query"]
)
def test_what_the_page_says_of_passwords_is_accepted(workload: str, tmp_path: Path) -> None:
    kafka, search = BLOCKS
    added = search if "jaeger" in workload else kafka
    if workload == "langspan-ingester":
        added = added.replace("exporters:", "receivers:")
    (tmp_path / "secured.yaml").write_text(added)
    files = [*written("fleet", workload, tmp_path), tmp_path / "secured.yaml"]
    seen = environment(pods("fleet")[workload], "fleet")
    secrets = {
        f"{system}_{what}": "some" for system in ("KAFKA", "OPENSEARCH") for what in ("USER", "PASSWORD")
    }
    assert "" == accepted(workload, files, {**seen, **secrets})
