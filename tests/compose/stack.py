"""A compose project that is started, killed, asked and removed through the real command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from support.backends import READ_WITHIN, Collector, Jaeger, Service, free_ports, get, wait_until
from support.prometheus import Prometheus

REPOSITORY = Path(__file__).resolve().parents[2]
SWITCH = "LANGSPAN_COMPOSE_TEST"
PORTS = (
    "JAEGER_UI_PORT",
    "OTELCOL_GRPC_PORT",
    "OTELCOL_HTTP_PORT",
    "OTELCOL_METRICS_PORT",
    "OTELCOL_HEALTH_PORT",
    "PROMETHEUS_PORT",
    "GRAFANA_PORT",
)
UP_WITHIN = 180.0
_UNUSED = Service([], {}, "", Path(os.devnull))


def docker(*arguments: str, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a docker command to its end."""
    return subprocess.run(
        ["docker", *arguments],
        env={**os.environ, **environ},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=UP_WITHIN + 60,
        check=check,
    )


def why_not() -> str | None:
    """Return what is missing to run the compose file here; None if nothing is."""
    if SWITCH not in os.environ:
        return "starts containers: `make compose-test` runs it"
    if shutil.which("docker") is None:
        return "no docker command: install docker, or podman with its docker command"
    if docker("compose", "version", check=False).returncode:
        return "no compose plugin: install docker-compose-plugin (Debian: docker-compose)"
    if docker("info", check=False).returncode:
        return "no engine answers: start dockerd, or set DOCKER_HOST"
    return missing_images("demo")


def images(*profiles: str, file: str = "docker-compose.yml") -> set[str]:
    """Return what a shipped file asks for."""
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    return {*docker("compose", "-f", file, *chosen, "config", "--images").stdout.split()}


def missing_images(*profiles: str) -> str | None:
    """Return which of the images that the shipped file asks for are not here; None if all are."""
    missing = sorted(image for image in images(*profiles) if not exists(image))
    if not missing:
        return None
    return f"no image {', '.join(missing)}: `docker compose pull`, or `make compose-test STANDINS=1`"


def exists(image: str) -> bool:
    return not docker("image", "inspect", image, check=False).returncode


def is_standin(image: str) -> bool:
    """Tell whether an image was made by `tools/compose/standins.sh`."""
    (told,) = json.loads(docker("image", "inspect", image).stdout)
    return "langspan.standin" in (told["Config"]["Labels"] or {})


@dataclass
class Stack:
    """One project: the compose files of `folder`, with a name and ports of its own."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    profiles: Sequence[str] = ()
    files: Sequence[str] = ("docker-compose.yml",)
    name: str = field(default_factory=lambda: f"langspan-test-{uuid.uuid4().hex[:8]}")
    ports: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        return self

    def __exit__(self, *error: object) -> None:
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "5")

    @property
    def collector(self) -> Collector:
        """Where an application on this machine sends to."""
        url = "http://127.0.0.1"
        return Collector(
            f"{url}:{self.ports['OTELCOL_GRPC_PORT']}",
            f"{url}:{self.ports['OTELCOL_HTTP_PORT']}",
            f"{url}:{self.ports['OTELCOL_METRICS_PORT']}/metrics",
            "",  # its own numbers are for Prometheus inside
            Path(os.devnull),
            _UNUSED,
        )

    @property
    def prometheus(self) -> Prometheus:
        """Where numbers are asked for."""
        return Prometheus(f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}")

    @property
    def jaeger(self) -> Jaeger:
        """Where traces are read."""
        return Jaeger(f"http://127.0.0.1:{self.ports['JAEGER_UI_PORT']}", "", Path(os.devnull), _UNUSED)

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a subcommand of compose on this project."""
        ports = {name: str(port) for name, port in self.ports.items()}
        chosen = [word for file in self.files for word in ("-f", str(self.folder / file))]
        chosen += [word for profile in self.profiles for word in ("--profile", profile)]
        command = ["compose", *chosen, "-p", self.name, *arguments]
        done = docker(*command, check=False, **{**ports, **self.environ})
        assert not (check and done.returncode), f"{arguments}\n{done.stdout}{done.stderr}{self.logs()}"
        return done

    def up(self) -> None:
        """Start what is not running, as the README says, and return when it is healthy."""
        self.compose("up", "-d", "--wait", "--wait-timeout", str(int(UP_WITHIN)))

    def logs(self) -> str:
        """What the services said last."""
        return docker("compose", "-p", self.name, "logs", "--tail", "5", check=False).stdout

    def services(self) -> dict[str, dict[str, Any]]:
        """Return what the engine knows of each container, also of those that have ended."""
        ids = docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={self.name}").stdout.split()
        told = json.loads(docker("inspect", *ids).stdout) if ids else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in told}

    def left(self) -> list[str]:
        """Return the containers, networks and named volumes of this project that exist."""
        label = f"label=com.docker.compose.project={self.name}"
        asked = (("ps", "-aq"), ("network", "ls", "-q"), ("volume", "ls", "-q"))
        return [found for ask in asked for found in docker(*ask, "--filter", label).stdout.split()]

    def wait_for_jaeger(self) -> None:
        """Return when Jaeger answers."""
        url = f"{self.jaeger.url}/api/v3/services"
        wait_until(lambda: get(url) is not None, READ_WITHIN, self.logs)


def volumes() -> set[str]:
    """Return the names of all volumes of the engine, those without a name of their own too."""
    return {*docker("volume", "ls", "-q").stdout.split()}


def declared(*profiles: str) -> set[str]:
    """Return the services of the shipped file that start with these profiles."""
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    return {name for name, told in services.items() if {*told.get("profiles", profiles)} <= {*profiles}}


def assert_no_rights_and_limits(told: Mapping[str, Any], user: str = "10001:10001") -> None:
    """Compare what the engine enforces, not what the file says."""
    assert user == told["Config"]["User"]
    assert told["HostConfig"]["ReadonlyRootfs"]
    assert_limits(told)
    assert 256 == told["HostConfig"]["PidsLimit"]


def assert_limits(told: Mapping[str, Any]) -> None:
    """The same of what holds for services too that write into their own folders."""
    host = told["HostConfig"]
    assert (["ALL"], False) == (host["CapDrop"], host["Privileged"])
    assert ["no-new-privileges:true"] == host["SecurityOpt"]
    assert 0 < host["PidsLimit"]
    assert 0 < host["Memory"]
    assert {"127.0.0.1"} >= {
        each["HostIp"] for bound in (host["PortBindings"] or {}).values() for each in bound
    }
    assert all(not each["RW"] for each in told["Mounts"] if each["Type"] == "bind")


def assert_no_capability(told: Mapping[str, Any], user: str = "10001") -> None:
    """Look at the service's process, where it can be seen."""
    status = Path(f"/proc/{told['State']['Pid']}/status")
    if not os.access(status, os.R_OK):
        pytest.skip("the engine's processes are not seen from here (a virtual machine)")
    seen = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    assert ("0" * 16, "1") == (seen["CapEff"], seen["NoNewPrivs"])
    assert user == seen["Uid"].split("\t")[0]
