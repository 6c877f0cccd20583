"""up.sh and down.sh: start both processes, tell where they are, end them and nothing else."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backends import REPOSITORY, binary, free_ports, get

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no sh; its way is docker-compose.yml")

SCRIPTS = REPOSITORY / "collector-config" / "backends"
PORTS = (
    "OTELCOL_GRPC_PORT",
    "OTELCOL_HTTP_PORT",
    "OTELCOL_HEALTH_PORT",
    "OTELCOL_METRICS_PORT",
    "OTELCOL_OWN_METRICS_PORT",
    "JAEGER_OTLP_PORT",
    "JAEGER_UI_PORT",
    "JAEGER_GRPC_PORT",
    "JAEGER_HEALTH_PORT",
)


def run(script: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["sh", SCRIPTS / script]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=90, check=False, env={**os.environ, **env}
    )


@pytest.fixture(params=["", "40"], ids=["any width", "a narrow terminal"])
def env(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Free ports and a folder of its own, so that a stack that a developer runs is left alone.

    Where COLUMNS is set, ps cuts what it prints.
    """
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    binaries = {"OTELCOL_BIN": str(binary("otelcol")), "JAEGER_BIN": str(binary("jaeger"))}
    env = {**ports, **binaries, "BACKENDS_RUN": str(tmp_path)}
    env["COLUMNS"] = request.param
    env["JAEGER_OTLP_ENDPOINT"] = f"127.0.0.1:{ports['JAEGER_OTLP_PORT']}"
    yield env
    run("down.sh", env)


def answers(port: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(port))) == 0


def process_ids(folder: Path) -> dict[str, int]:
    return {path.stem: int(path.read_text()) for path in folder.glob("*.pid")}


def test_up_returns_when_both_answer_and_says_where(env: dict[str, str]) -> None:
    result = run("up.sh", env)

    assert 0 == result.returncode, result.stderr
    url = f"http://127.0.0.1:{env['JAEGER_UI_PORT']}"
    assert url in result.stdout
    assert get(f"{url}/api/v3/services")
    assert get(f"http://127.0.0.1:{env['OTELCOL_HEALTH_PORT']}/")


def test_up_a_second_time_starts_nothing(env: dict[str, str], tmp_path: Path) -> None:
    run("up.sh", env)
    first = process_ids(tmp_path)

    assert 0 == run("up.sh", env).returncode
    assert {"jaeger", "otelcol"} == first.keys()
    assert first == process_ids(tmp_path)


def test_down_ends_both(env: dict[str, str], tmp_path: Path) -> None:
    run("up.sh", env)

    assert 0 == run("down.sh", env).returncode
    assert {} == process_ids(tmp_path)
    assert [] == [port for port in PORTS if answers(env[port])]


def test_down_leaves_a_process_alone_that_got_the_old_id(env: dict[str, str], tmp_path: Path) -> None:
    """Here our own process plays the stranger; the test run would not survive a mistake."""
    (tmp_path / "jaeger.pid").write_text(str(os.getpid()))

    assert 0 == run("down.sh", env).returncode
    assert {} == process_ids(tmp_path)


def test_up_that_fails_leaves_nothing_running(env: dict[str, str], tmp_path: Path) -> None:
    env["OTELCOL_GRPC_PORT"] = env["OTELCOL_HTTP_PORT"]

    result = run("up.sh", env)

    assert (1, {}) == (result.returncode, process_ids(tmp_path))
    assert "address already in use" in result.stderr
    assert [] == [port for port in PORTS if answers(env[port])]


def test_up_without_binaries_says_how_to_get_them(env: dict[str, str]) -> None:
    result = run("up.sh", {**env, "JAEGER_BIN": "/nowhere/jaeger"})

    assert 1 == result.returncode
    assert "make backends" in result.stderr


def test_build_without_go_says_that_it_was_skipped_and_what_to_install(tmp_path: Path) -> None:
    """On the path are only the tools that the script needs until then; beside the copy nothing is built."""
    scripts = tmp_path / "collector-config" / "backends"
    tools = tmp_path / "tools"
    scripts.mkdir(parents=True)
    tools.mkdir()
    for name in ("build.sh", "otelcol.yaml"):
        (scripts / name).write_bytes((SCRIPTS / name).read_bytes())
    for name in ("sh", "dirname", "cksum", "cut", "mkdir", "cat"):
        (tools / name).symlink_to(
            next(found for found in map(Path, (f"/bin/{name}", f"/usr/bin/{name}")) if found.exists())
        )

    command = [tools / "sh", scripts / "build.sh"]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"PATH": str(tools)}
    )

    assert (0, "") == (result.returncode, result.stderr)
    assert "SKIPPED" in result.stdout
    assert "Install Go" in result.stdout
