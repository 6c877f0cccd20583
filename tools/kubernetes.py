"""Write what Kubernetes' operators want inside their own resources: `make pages`.

The settings are those of collector-config; the values of their variables are those of the base.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
KUBERNETES = ROOT / "deploy" / "kubernetes"
_VARIABLE = re.compile(r"\$\{env:(\w+):-([^}]*)\}")
_NOTE = "# Written by tools/kubernetes.py from collector-config/{}: change that, then `make pages`.\n{}"
_USAGE = """\
# A collector inside each pod of an application: keeps what it accepted while its pod lives. On the pods, the
# annotation sidecar.opentelemetry.io/inject: "langspan"; the application sends to http://localhost:4318.
"""
_FOLDER = "/var/lib/langspan"
_OF_THE_SIDECAR = {
    "OTELCOL_QUEUE_DIR": _FOLDER,
    "OTELCOL_QUEUE_BYTES": "268435456",
    "JAEGER_OTLP_ENDPOINT": "dns:///langspan-gateways.langspan:4317",
}


def _settings(file: str, values: dict[str, str]) -> Any:
    """Return a configuration as it is with these variables: the operator reads ports from it."""
    text = (ROOT / "collector-config" / file).read_text("utf-8")
    return yaml.safe_load(_VARIABLE.sub(lambda found: values.get(found[1], found[2]), text))


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
            "config": _settings("collector.yaml", _OF_THE_SIDECAR),
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
