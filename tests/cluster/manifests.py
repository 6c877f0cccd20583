"""The manifests of deploy/kubernetes, as kustomize builds them, and the tools that check them."""

from __future__ import annotations

import functools
import os
import re
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
VARIABLE = re.compile(r"\$\{(?:env:)?(\w+):-([^}]*)\}")


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


def pods(folder: str = "base") -> dict[str, Manifest]:
    """Return the pod of each workload of a folder, by the workload's name."""
    kinds = ("DaemonSet", "StatefulSet", "Deployment")
    return {name: each["spec"]["template"] for kind in kinds for name, each in of_kind(folder, kind).items()}


def container(pod: Manifest) -> Manifest:
    """Return the only container of a pod."""
    (found,) = pod["spec"]["containers"]
    assert not pod["spec"].get("initContainers")
    container: Manifest = found
    return container


def environment(pod: Manifest, folder: str = "base") -> dict[str, str]:
    """Return the variables of a pod's container, those that it takes from ConfigMaps too."""
    maps = of_kind(folder, "ConfigMap")
    taken = [maps[each["configMapRef"]["name"]]["data"] for each in container(pod).get("envFrom", ())]
    own = {each["name"]: each["value"] for each in container(pod)["env"]}
    return {name: value for values in (*taken, own) for name, value in values.items()}


def configurations(pod: Manifest, folder: str) -> dict[str, str]:
    """Return the texts that a pod's container is started with, by file name, in their order."""
    names = {each["name"]: each.get("configMap", {}).get("name") for each in pod["spec"]["volumes"]}
    mounts = {each["mountPath"]: names.get(each["name"], "") for each in container(pod)["volumeMounts"]}
    maps = of_kind(folder, "ConfigMap")
    paths = [argument.removeprefix("--config=").rpartition("/") for argument in container(pod)["args"]]
    return {file: maps[mounts[at]]["data"][file] for at, _, file in paths}


def selected(policy: Manifest, folder: str = "base") -> Iterator[Manifest]:
    """Return the pods of a folder that a network policy is for."""
    wanted = policy["spec"]["podSelector"]
    for pod in pods(folder).values():
        labels = pod["metadata"]["labels"]
        exact = wanted.get("matchLabels", {}).items() <= labels.items()
        listed = wanted.get("matchExpressions", ())
        if exact and all(labels[each["key"]] in each["values"] for each in listed):
            yield pod


def unset(text: object) -> str:
    """Return a text as it is when no variable is set."""
    return VARIABLE.sub(r"\2", str(text))


def merged(*files: Path) -> Any:
    """Put configurations together as the collector does: maps grow, everything else is replaced."""

    def onto(below: Any, above: Any) -> Any:
        if not (isinstance(below, dict) and isinstance(above, dict)):
            return above
        return {**below, **{key: onto(below.get(key), value) for key, value in above.items()}}

    result: Any = {}
    for file in files:
        result = onto(result, yaml.safe_load(file.read_text()))
    return result


def written(folder: str, workload: str, into: Path) -> list[Path]:
    """Write what a pod is started with into files."""
    files = []
    for name, text in configurations(pods(folder)[workload], folder).items():
        files.append(into / name)
        files[-1].write_text(text)
    return files


def effective(folder: str, workload: str, into: Path) -> Any:
    """Return a pod's configuration as it is with its variables."""
    seen = environment(pods(folder)[workload], folder)
    files = written(folder, workload, into)
    for file in files:
        file.write_text(VARIABLE.sub(lambda found: seen.get(found[1], found[2]), file.read_text()))
    return merged(*files)
