"""Write what Kubernetes' operators want inside their own resources: `make pages`.

The settings are those of collector-config; the values of their variables are those of the base.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
KUBERNETES = ROOT / "deploy" / "kubernetes"
_VARIABLE = re.compile(r"\$\{env:(\w+):-([^}]*)\}")
_NOTE = "# Written by tools/kubernetes.py from collector-config/{}: change that, then `make pages`.\n{}"
_USAGE = """\
# A collector inside each pod of an application: keeps the spans that it accepted while its pod lives, and
# passes everything on to the agent of its node. On the pod template, the annotation
# sidecar.opentelemetry.io/inject: "langspan". In instrumentation.yaml, the endpoint http://localhost:4318:
# else the application sends past it.
"""
_FOLDER = "/var/lib/langspan"
_OF_THE_SIDECAR = {
    "OTELCOL_QUEUE_DIR": _FOLDER,
    "OTELCOL_QUEUE_BYTES": "268435456",
    "JAEGER_OTLP_ENDPOINT": "langspan-agent.langspan:4317",  # gateways let in agents only
}
_HEALTH = "0.0.0.0:13133"
"""The operator makes a probe of it, and the kubelet asks from outside of the pod."""
_LARGEST_REQUEST_MIB = 60
"""Less than the agent takes: what waits and a large request may become one, and one too large is dropped."""


def _settings(file: str, values: dict[str, str]) -> Any:
    """Return a configuration as it is with these variables: the operator reads ports from it."""
    text = (ROOT / "collector-config" / file).read_text("utf-8")
    return yaml.safe_load(_VARIABLE.sub(lambda found: values.get(found[1], found[2]), text))


def _forwarding(settings: Any) -> Any:
    """Return what a collector is set to when the one behind it counts spans and shows metrics."""
    protocols = settings["receivers"]["otlp"]["protocols"]
    protocols["grpc"]["max_recv_msg_size_mib"] = _LARGEST_REQUEST_MIB
    protocols["http"]["max_request_body_size"] = _LARGEST_REQUEST_MIB * 2**20
    spans = settings["exporters"]["otlp_grpc/jaeger"]
    # Not in files: a number that is days old is worth nothing, and the disk is for spans.
    rest = copy.deepcopy({key: spans[key] for key in ("endpoint", "tls", "compression")})
    rest["sending_queue"] = {"sizer": "bytes", "queue_size": 16 * 2**20}
    settings["exporters"] = {"otlp_grpc/jaeger": spans, "otlp_grpc/agent": rest}
    del settings["connectors"]
    pipelines = settings["service"]["pipelines"]
    del pipelines["metrics/numbers"]
    pipelines["traces"]["exporters"] = ["otlp_grpc/jaeger"]
    for signal in ("metrics", "logs"):
        pipelines[signal]["exporters"] = ["otlp_grpc/agent"]
    settings["extensions"]["health_check"]["endpoint"] = _HEALTH
    return settings


def _base(name: str) -> dict[str, Any]:
    """Return the pod of the base's workload called `name`."""
    for document in yaml.safe_load_all((KUBERNETES / "base" / f"{name}.yaml").read_text("utf-8")):
        if document["kind"] in ("DaemonSet", "StatefulSet"):
            pod: dict[str, Any] = document["spec"]["template"]["spec"]
            return pod
    raise LookupError(name)


def sidecar() -> str:
    """Return the OpenTelemetryCollector that the operator puts beside an application."""
    container = _base("agent")["containers"][0]
    images = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text("utf-8"))["images"]
    (tag,) = [image["newTag"] for image in images if image["name"] == container["image"]]
    resource = {
        "apiVersion": "opentelemetry.io/v1beta1",
        "kind": "OpenTelemetryCollector",
        "metadata": {"name": "langspan"},
        "spec": {
            "mode": "sidecar",
            "image": f"{container['image']}:{tag}",
            "env": [entry for entry in container["env"] if entry["name"] == "GOMEMLIMIT"],
            "resources": container["resources"],
            "securityContext": {**container["securityContext"], "runAsNonRoot": True, "runAsUser": 10001},
            "volumes": [{"name": "queue", "emptyDir": {"sizeLimit": "1Gi"}}],
            "volumeMounts": [{"name": "queue", "mountPath": _FOLDER}],
            "config": _forwarding(_settings("collector.yaml", _OF_THE_SIDECAR)),
        },
    }
    return _written("collector.yaml", resource, _USAGE)


def rules() -> str | None:
    """Return the PrometheusRule with the alerts of collector-config/rules.yml; None while there are none."""
    source = ROOT / "collector-config" / "rules.yml"
    if not source.is_file():
        return None
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "langspan"},
        "spec": yaml.safe_load(source.read_text("utf-8")),
    }
    return _written("rules.yml", resource)


def _written(source: str, resource: dict[str, Any], usage: str = "") -> str:
    body = yaml.safe_dump(resource, sort_keys=False, width=110, allow_unicode=True)
    return _NOTE.format(source, usage) + body


WRITTEN = {"operator/sidecar.yaml": sidecar, "monitoring/rules.yaml": rules}
"""Each file below deploy/kubernetes, and what it holds."""

if __name__ == "__main__":
    for name, make in WRITTEN.items():
        if (text := make()) is not None:
            (KUBERNETES / name).write_text(text, "utf-8")
