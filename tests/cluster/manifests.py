"""The manifests of deploy/kubernetes, as kustomize builds them, and the tools that check them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
KUBERNETES = REPOSITORY / "deploy" / "kubernetes"
FOLDERS = sorted(path.parent.name for path in KUBERNETES.glob("*/kustomization.yaml"))
CRDS = REPOSITORY / ".backends" / "crds"
Manifest = dict[str, Any]


def tool(name: str) -> str:
    """Return a checker that was built here or is on the path; skip without one."""
    built = REPOSITORY / ".backends" / "bin" / name
    if os.access(built, os.X_OK):
        return str(built)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing: run `make kubernetes`")
    return found


@functools.cache
def built(folder: str) -> str:
    """Return what would be applied, as text."""
    command = [tool("kustomize"), "build", str(KUBERNETES / folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def manifests(folder: str) -> list[Manifest]:
    """Return what would be applied."""
    return list(yaml.safe_load_all(built(folder)))


def of_kind(folder: str, kind: str) -> dict[str, Manifest]:
    """Return the manifests of one kind, by name."""
    return {each["metadata"]["name"]: each for each in manifests(folder) if each["kind"] == kind}


def pods() -> dict[str, Manifest]:
    """Return the pod of each workload of the base, by the workload's name."""
    kinds = ("DaemonSet", "StatefulSet")
    return {name: each["spec"]["template"] for kind in kinds for name, each in of_kind("base", kind).items()}


def container(pod: Manifest) -> Manifest:
    """Return the only container of a pod."""
    (found,) = pod["spec"]["containers"]
    assert not pod["spec"].get("initContainers")
    container: Manifest = found
    return container


def environment(pod: Manifest) -> dict[str, str]:
    """Return the variables of a pod's container."""
    return {each["name"]: each["value"] for each in container(pod)["env"]}


def selected(policy: Manifest) -> Iterator[Manifest]:
    """Return the pods that a network policy is for."""
    wanted = policy["spec"]["podSelector"]
    for pod in pods().values():
        labels = pod["metadata"]["labels"]
        exact = wanted.get("matchLabels", {}).items() <= labels.items()
        listed = wanted.get("matchExpressions", ())
        if exact and all(labels[each["key"]] in each["values"] for each in listed):
            yield pod
