"""The steps of the page "Running it" that need no docker, word for word but for addresses and folders."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import page
from support.backends import REPOSITORY, Backends, Collector, Service, binary, free_ports, get, wait_until
from support.sending_apps import run_app

PAGE = page("docs/running.md")
APP = Path(__file__).with_name("genai_app.py")


@pytest.fixture
def beside(backends: Backends, tmp_path: Path) -> Iterator[Collector]:
    """The collector that the page's third step starts, beside the application."""
    shell = PAGE.block("3. A collector beside each application", "sh").code
    shell = shell.replace("jaeger.example:4317", backends.jaeger.otlp)
    shell = shell.replace("/var/lib/otelcol/my-app", str(tmp_path / "queue"))
    (tmp_path / "otelcol").symlink_to(binary("otelcol"))
    grpc, http, health, metrics, own = map(str, free_ports(5))
    environ = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "OTELCOL_GRPC_PORT": grpc,
        "OTELCOL_HTTP_PORT": http,
        "OTELCOL_HEALTH_PORT": health,
        "OTELCOL_METRICS_PORT": metrics,
        "OTELCOL_OWN_METRICS_PORT": own,
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        # As a group: the shell and the collector that it starts.
        process = subprocess.Popen(
            ["sh", "-ec", shell],
            cwd=REPOSITORY,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{health}/"
        wait_until(lambda: get(url) is not None, 30, log.read_text)
        host = "http://127.0.0.1"
        yield Collector(f"{host}:{grpc}", f"{host}:{http}", "", "", log, Service([], {}, "", log))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no sh")
def test_the_third_step_starts_a_collector_that_passes_traces_on(
    beside: Collector, backends: Backends, tmp_path: Path
) -> None:
    made = run_app(APP, beside)
    assert backends.jaeger.trace(made["trace_id"], spans=made["spans"])
    assert [] != list((tmp_path / "queue").iterdir())


def test_every_step_of_the_table_leads_to_its_commands() -> None:
    """To a section of this page; a page for it may follow."""
    anchors = [row["Step"].partition("(")[2].rstrip(")") for row in PAGE.table("Step", "When")]
    assert 5 == len(anchors)
    assert PAGE.anchors() >= {*anchors}
