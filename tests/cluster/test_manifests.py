"""deploy/kubernetes: valid, without rights, with the settings of docker-compose.yml and collector-config."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.manifests import (
    CRDS,
    FOLDERS,
    KUBERNETES,
    REPOSITORY,
    VARIABLE,
    Manifest,
    built,
    container,
    environment,
    manifests,
    merged,
    of_kind,
    pods,
    selected,
    tool,
    unset,
)
from docs.pages import page
from support.backends import COLLECTOR_CONFIG, binary, free_ports, get, running_collector

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
EXTRA = KUBERNETES / "base" / "kubernetes.yaml"
SERVICE_OF = {"langspan-agent": "otel-collector", "langspan-gateway": "otel-collector", "jaeger": "jaeger"}
# What is another value here than in the compose file, and why it has to be.
OTHER: dict[str, dict[str, str]] = {
    "langspan-agent": {
        "JAEGER_OTLP_ENDPOINT": "dns:///langspan-gateways:4317",  # the next hop
        "OTELCOL_QUEUE_BYTES": "268435456",  # a node's, for the time to the gateway
        "GOMEMLIMIT": "400MiB",  # of half the memory
        "OTELCOL_OWN_METRICS_PORT": "8888",  # scraped pod by pod
    },
    "langspan-gateway": {
        "OTELCOL_OWN_METRICS_PORT": "8888",
        "OTELCOL_MAX_RECV_MIB": "128",  # more than an agent may send
    },
    "jaeger": {"JAEGER_DATA_DIR": "/var/lib/langspan/traces"},  # a disk has a lost+found
}
each_folder = pytest.mark.parametrize("folder", FOLDERS)
each_workload = pytest.mark.parametrize("workload", SERVICE_OF)


def kustomization(folder: str) -> Path:
    return KUBERNETES / folder / "kustomization.yaml"


def written() -> Any:
    """The tool that writes what operators want inside their own resources."""
    spec = importlib.util.spec_from_file_location("written", REPOSITORY / "tools" / "kubernetes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@each_folder
def test_kubernetes_accepts_what_is_built(folder: str, tmp_path: Path) -> None:
    """Core types and the operators' own."""
    file = tmp_path / "built.yaml"
    file.write_text(built(folder))
    command = [tool("kubectl-validate"), str(file), "--local-crds", str(CRDS), "--version", "1.30"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_the_check_finds_a_field_that_does_not_exist(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(built("operator").replace("volumeLimitSize", "volumeSizeLimitt"))
    command = [tool("kubectl-validate"), str(file), "--local-crds", str(CRDS), "--version", "1.30"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (1, True) == (done.returncode, "volumeSizeLimitt" in done.stdout + done.stderr)


@each_folder
def test_every_file_is_applied(folder: str) -> None:
    """But values for a chart."""
    listed = yaml.safe_load(kustomization(folder).read_text())
    maps = listed.get("configMapGenerator", ())
    files = {
        *listed["resources"],
        *(file for each in maps for kind in ("files", "envs") for file in each.get(kind, ())),
        *(each["path"] for each in listed.get("patches", ())),
    }
    found = {path.name for path in (KUBERNETES / folder).iterdir()} - {"kustomization.yaml", "adapter.yaml"}
    assert found == {name for name in files if "/" not in name}


@each_folder
def test_the_page_applies_a_folder_as_the_folder_says(folder: str) -> None:
    said = re.findall(r"^#   (kubectl apply .*?)(?: {2,}|$)", kustomization(folder).read_text(), re.MULTILINE)
    shown = {line for block in page("docs/recipes/kubernetes.md").blocks for line in block.code.splitlines()}
    assert said
    assert {*said} <= shown


def test_the_configurations_are_those_that_compose_mounts() -> None:
    maps = of_kind("base", "ConfigMap")
    held = {name.rpartition("-")[0]: each["data"] for name, each in maps.items()}
    assert {"collector-config", "jaeger-config", "collector-kubernetes"} == held.keys()
    folder = COLLECTOR_CONFIG.parent
    for name in ("collector-config", "jaeger-config"):
        assert held[name] == {file: (folder / file).read_text() for file in held[name]}
    sampling = yaml.safe_load((REPOSITORY / "docker-compose.sampling.yml").read_text())["services"]
    mounted = {
        volume.split(":")[0].rpartition("/")[2]
        for services in (COMPOSE, sampling)
        for service in ("jaeger", "otel-collector")
        for volume in services.get(service, {}).get("volumes", ())
        if volume.startswith("./collector-config/")
    }
    assert mounted >= {*held["collector-config"], *held["jaeger-config"]}


@each_workload
def test_variables_are_those_of_compose(workload: str) -> None:
    shipped = {key: unset(value) for key, value in COMPOSE[SERVICE_OF[workload]]["environment"].items()}
    assert {**shipped, **OTHER[workload]} == environment(pods()[workload])


@each_workload
def test_images_are_those_of_compose(workload: str) -> None:
    assert unset(COMPOSE[SERVICE_OF[workload]]["image"]) == container(pods()[workload])["image"]


@each_workload
def test_memory_is_limited_as_in_compose(workload: str) -> None:
    limit = container(pods()[workload])["resources"]["limits"]["memory"]
    shipped = COMPOSE[SERVICE_OF[workload]]["mem_limit"].upper() + "i"
    assert {"langspan-agent": "512Mi"}.get(workload, shipped) == limit


@each_workload
def test_a_pod_has_no_rights(workload: str) -> None:
    """As the profile "restricted" of Pod Security wants it; also a read-only root, and no token."""
    pod = pods()[workload]["spec"]
    own = container(pods()[workload])["securityContext"]
    assert (True, 10001, "RuntimeDefault", False) == (
        pod["securityContext"]["runAsNonRoot"],
        pod["securityContext"]["runAsUser"],
        pod["securityContext"]["seccompProfile"]["type"],
        pod["automountServiceAccountToken"],
    )
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == own
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert {"configMap", "emptyDir"} >= {kind for each in pod["volumes"] for kind in each if kind != "name"}


def test_the_namespace_takes_no_pod_with_rights() -> None:
    (namespace,) = of_kind("base", "Namespace").values()
    assert "restricted" == namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]


@each_workload
def test_behind_every_port_something_listens(workload: str) -> None:
    """By the configuration, as it is with the pod's variables."""
    pod, file = pods()[workload], {"jaeger": "jaeger.yaml"}.get(workload, "collector.yaml")
    seen = environment(pod)
    texts = [(COLLECTOR_CONFIG.parent / file).read_text(), EXTRA.read_text()]
    used = "".join(VARIABLE.sub(lambda found: seen.get(found[1], found[2]), text) for text in texts)
    ports = {each["containerPort"] for each in container(pod)["ports"]} - {8888}
    assert [] == [port for port in ports if f"0.0.0.0:{port}" not in used]
    assert "port: 8888" in used


def test_services_lead_to_ports_of_their_pods() -> None:
    for service in of_kind("base", "Service").values():
        label = service["spec"]["selector"]
        (pod,) = [each for each in pods().values() if label.items() <= each["metadata"]["labels"].items()]
        names = {each["name"]: each["containerPort"] for each in container(pod)["ports"]}
        for port in service["spec"]["ports"]:
            assert port["port"] == names[port["targetPort"]]


@pytest.mark.parametrize("workload", ["langspan-agent", "langspan-gateway"])
def test_a_collector_sends_to_a_service_that_exists(workload: str) -> None:
    host, _, port = environment(pods()[workload])["JAEGER_OTLP_ENDPOINT"].rpartition("/")[2].partition(":")
    assert int(port) in {each["port"] for each in of_kind("base", "Service")[host]["spec"]["ports"]}


def policies(folder: str) -> list[Manifest]:
    return list(of_kind(folder, "NetworkPolicy").values())


def test_nothing_is_reached_but_what_is_listed() -> None:
    (default,) = [each for each in policies("base") if not each["spec"]["podSelector"]]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} == default["spec"]


def test_policies_name_ports_that_their_pods_have() -> None:
    for policy in (*policies("base"), *policies("monitoring")):
        wanted = {port["port"] for rule in policy["spec"].get("ingress", ()) for port in rule["ports"]}
        has = {each["name"] for pod in selected(policy) for each in container(pod)["ports"]}
        assert wanted <= has


@pytest.mark.parametrize(
    ("sender", "taker"), [("langspan-agent", "langspan-gateway"), ("langspan-gateway", "jaeger")]
)
def test_what_sends_may_send_and_what_takes_may_take(sender: str, taker: str) -> None:
    target = int(environment(pods()[sender])["JAEGER_OTLP_ENDPOINT"].rpartition(":")[2])
    to = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": taker}}}
    by = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": sender}}}
    named = {each["containerPort"]: each["name"] for each in container(pods()[taker])["ports"]}
    out = [rule for each in policies("base") for rule in each["spec"].get("egress", ()) if to in rule["to"]]
    into = [
        rule for each in policies("base") for rule in each["spec"].get("ingress", ()) if by in rule["from"]
    ]
    assert [[{"protocol": "TCP", "port": target}]] == [rule["ports"] for rule in out]
    assert [[{"protocol": "TCP", "port": named[target]}]] == [rule["ports"] for rule in into]


def test_monitors_name_ports_that_pods_have() -> None:
    (monitor,) = of_kind("monitoring", "PodMonitor").values()
    has = {each["name"] for pod in pods().values() for each in container(pod)["ports"]}
    assert has >= {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]}


def test_prometheus_gets_the_numbers_as_in_compose() -> None:
    """Under the names of jobs that the alerts ask for, which a PodMonitor does not give of itself."""
    shipped = yaml.safe_load((COLLECTOR_CONFIG.parent / "prometheus.yml").read_text())["scrape_configs"]
    (monitor,) = of_kind("monitoring", "PodMonitor").values()
    shown = []
    for endpoint in monitor["spec"]["podMetricsEndpoints"]:
        assert {"targetLabel", "replacement"} == {*endpoint["relabelings"][-1]}
        job = {
            "job_name": endpoint["relabelings"][-1]["replacement"],
            "honor_labels": endpoint.get("honorLabels", False),
            "metric_relabel_configs": [
                {
                    re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", key): value
                    for key, value in each.items()
                }
                for each in endpoint.get("metricRelabelings", ())
            ],
        }
        shown.append(job)
        assert "job" == endpoint["relabelings"][-1]["targetLabel"]
    kept = {"honor_labels": False, "metric_relabel_configs": []}
    assert [{key: job.get(key, kept.get(key)) for key in shown[0]} for job in shipped] == shown
    assert {monitor["spec"]["sampleLimit"]} == {
        job["sample_limit"] for job in shipped if "sample_limit" in job
    }


def test_no_alert_tells_of_a_command_that_a_cluster_lacks() -> None:
    (rules,) = of_kind("monitoring", "PrometheusRule").values()
    told = [rule["annotations"]["do"] for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert [] == [text for text in told if re.search(r"docker|compose|prometheus\.yml", text)]


def test_the_number_of_gateways_follows_a_number_that_the_collector_tells(tmp_path: Path) -> None:
    """And that the adapter for Prometheus passes on."""
    (scaler,) = of_kind("base", "HorizontalPodAutoscaler").values()
    (metric,) = [each["pods"]["metric"]["name"] for each in scaler["spec"]["metrics"] if "pods" in each]
    adapter = yaml.safe_load((KUBERNETES / "monitoring" / "adapter.yaml").read_text())
    assert [True] == [each["seriesQuery"].startswith(f"{metric}{{") for each in adapter["rules"]["custom"]]
    nobody, own = free_ports(2)
    both = tmp_path / "both.yaml"
    both.write_text(json.dumps(merged(COLLECTOR_CONFIG, EXTRA)))
    env = {"OTELCOL_OWN_METRICS_PORT": str(own)}
    with running_collector(tmp_path, f"127.0.0.1:{nobody}", both, env):
        page = (get(f"http://127.0.0.1:{own}/metrics") or b"").decode()
    assert re.search(rf"^{metric}{{.*}} 0$", page, re.MULTILINE)


def test_the_queue_scales_before_it_is_full() -> None:
    (scaler,) = of_kind("base", "HorizontalPodAutoscaler").values()
    (target,) = [
        each["pods"]["target"]["averageValue"] for each in scaler["spec"]["metrics"] if "pods" in each
    ]
    assert int(environment(pods()["langspan-gateway"])["OTELCOL_QUEUE_BYTES"]) / 4 == int(target)
    assert "replicas" not in of_kind("base", "StatefulSet")["langspan-gateway"]["spec"]


def validate(*configs: Path) -> tuple[int, str]:
    options = [part for config in configs for part in ("--config", config)]
    command = [binary("otelcol"), "validate", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_the_collector_accepts_its_configuration_for_kubernetes() -> None:
    assert (0, "") == validate(COLLECTOR_CONFIG, EXTRA)


def test_the_collector_accepts_the_configuration_of_the_sidecar(tmp_path: Path) -> None:
    (sidecar,) = of_kind("operator", "OpenTelemetryCollector").values()
    config = tmp_path / "sidecar.yaml"
    config.write_text(json.dumps(sidecar["spec"]["config"]))
    assert (0, "") == validate(config)


def test_prometheus_accepts_the_rules(tmp_path: Path) -> None:
    """As they are inside of the resource."""
    (rules,) = of_kind("monitoring", "PrometheusRule").values()
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps(rules["spec"]))
    command = [binary("promtool"), "check", "rules", file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, True) == (done.returncode, "SUCCESS" in done.stdout), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["operator/sidecar.yaml", "monitoring/rules.yaml"])
def test_what_is_written_from_collector_config_is_up_to_date(name: str) -> None:
    """Else: `make pages`."""
    expected = written().WRITTEN[name]()
    if expected is None:
        pytest.skip("collector-config has no rules.yml")
    assert expected == (KUBERNETES / name).read_text("utf-8")


def test_the_applications_agent_is_where_the_operator_sends() -> None:
    (instrumentation,) = of_kind("operator", "Instrumentation").values()
    endpoint = instrumentation["spec"]["exporter"]["endpoint"]
    found = re.fullmatch(r"http://([a-z-]+)\.([a-z]+):(\d+)", endpoint)
    assert found
    service = of_kind("base", "Service")[found[1]]
    assert (found[2], True) == (
        service["metadata"]["namespace"],
        int(found[3]) in {each["port"] for each in service["spec"]["ports"]},
    )


def test_every_manifest_is_in_the_namespace_of_the_base() -> None:
    assert {"langspan", None} == {each["metadata"].get("namespace") for each in manifests("base")}
