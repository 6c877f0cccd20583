"""docker-compose.yml on an engine: it starts, traces, survives restarts and kills, leaves nothing behind."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from compose.stack import REPOSITORY, Stack, declared, docker, volumes
from support.handmade import HandMade, send
from support.sending_apps import SteadyApp, run_app

STACK = REPOSITORY / "tests" / "stack"
LONG_RUNNING = ("jaeger", "otel-collector", "collector-ready")
each_service = pytest.mark.parametrize("name", LONG_RUNNING)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_an_application_on_this_machine_is_traced(stack: Stack, protocol: str) -> None:
    made = run_app(STACK / "genai_app.py", stack.collector, protocol)
    names = {span.name for span in stack.jaeger.trace(made["trace_id"], spans=made["spans"])}
    assert {"invoke_agent forecaster", "chat scripted-1", "execute_tool weather"} <= names


def test_the_demo_is_traced(stack: Stack) -> None:
    """It runs in a container, and installs its packages there."""
    done = stack.compose("run", "--rm", "demo")
    found = re.search(r"\b[0-9a-f]{32}\b", done.stdout)
    assert found, done.stdout
    assert {"shop"} == {span.resource["service.name"] for span in stack.jaeger.trace(found[0], spans=2)}


def stop_jaeger(stack: Stack, load: Callable[[], None]) -> None:
    stack.compose("stop", "jaeger")
    load()
    stack.up()


def kill_jaeger(stack: Stack, load: Callable[[], None]) -> None:
    stack.compose("kill", "jaeger")
    load()
    stack.up()


def kill_the_collector(stack: Stack, load: Callable[[], None]) -> None:
    stack.compose("kill", "otel-collector")
    load()
    stack.up()


def restart_everything(stack: Stack, load: Callable[[], None]) -> None:
    stack.compose("restart")
    load()


@pytest.mark.parametrize("harm", [stop_jaeger, kill_jaeger, kill_the_collector, restart_everything])
def test_nothing_that_was_accepted_is_lost(
    stack: Stack, harm: Callable[[Stack, Callable[[], None]], None]
) -> None:
    with SteadyApp(STACK / "steady_app.py", stack.collector) as app:
        app.wait_for_requests(20)
        harm(stack, lambda: app.wait_for_requests(20))
        app.wait_for_requests(20)
        told = app.end()
    assert {} == told["lost"]
    stack.wait_for_jaeger()
    assert [2] * len(app.traces) == [len(stack.jaeger.trace(each, spans=2)) for each in app.traces]


def test_traces_are_there_after_down_and_up(stack: Stack) -> None:
    """The ports stay those of this project."""
    made = HandMade()
    made.tracer.start_span("old").end()
    send(made.spans, stack.collector)
    assert stack.jaeger.trace(made.trace_id)

    stack.compose("down", "--timeout", "5")
    stack.up()

    assert ["old"] == [span.name for span in stack.jaeger.trace(made.trace_id)]


@each_service
def test_a_service_has_no_rights_and_its_limits(stack: Stack, name: str) -> None:
    """What the engine enforces, not what the file says."""
    told = stack.services()[name]
    host = told["HostConfig"]
    assert "10001:10001" == told["Config"]["User"]
    assert (True, ["ALL"], False) == (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"])
    assert ["no-new-privileges:true"] == host["SecurityOpt"]
    assert 256 == host["PidsLimit"]
    assert 0 < host["Memory"]
    assert {"127.0.0.1"} >= {
        each["HostIp"] for bound in (host["PortBindings"] or {}).values() for each in bound
    }
    assert all(not each["RW"] for each in told["Mounts"] if each["Type"] == "bind")


@each_service
def test_a_process_of_a_service_has_no_capability(stack: Stack, name: str) -> None:
    status = Path(f"/proc/{stack.services()[name]['State']['Pid']}/status")
    if not os.access(status, os.R_OK):
        pytest.skip("the engine's processes are not seen from here (a virtual machine)")
    told = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    assert ("0" * 16, "1") == (told["CapEff"], told["NoNewPrivs"])
    assert "10001" == told["Uid"].split("\t")[0]


def test_only_the_one_that_gives_files_away_is_root_and_it_has_ended(stack: Stack) -> None:
    told = stack.services()
    assert {"volumes-ready", *LONG_RUNNING} == told.keys() == declared().keys() - {"demo"}
    ready = told["volumes-ready"]
    assert ("exited", 0, "none") == (
        ready["State"]["Status"],
        ready["State"]["ExitCode"],
        ready["HostConfig"]["NetworkMode"],
    )


def test_nothing_is_left_behind() -> None:
    """Neither is a volume without a name, of those that images declare."""
    before = volumes()
    with Stack(REPOSITORY) as other:
        other.up()
        assert other.left()
    assert ([], set()) == (other.left(), volumes() - before)


def test_two_stacks_run_side_by_side(stack: Stack) -> None:
    with Stack(REPOSITORY) as other:
        other.up()
        made = run_app(STACK / "genai_app.py", other.collector)
        assert other.jaeger.trace(made["trace_id"], spans=made["spans"])
        assert [] == list(stack.jaeger._read(made["trace_id"]))


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="gives files to another user: run as root")
def test_a_checkout_that_only_its_owner_can_read_works_as_that_user(checkout: Path) -> None:
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, 12345, 12345)
        path.chmod(0o700 if path.is_dir() else 0o600)
    with Stack(checkout, {"LANGSPAN_USER": "12345:12345"}) as stack:
        stack.up()
        assert {"12345:12345"} == {stack.services()[name]["Config"]["User"] for name in LONG_RUNNING[:2]}
        made = HandMade()
        made.tracer.start_span("private").end()
        send(made.spans, stack.collector)
        assert ["private"] == [span.name for span in stack.jaeger.trace(made.trace_id)]


def test_what_is_asked_for_its_health_is_healthy(stack: Stack) -> None:
    """A failing one would be told of here too."""
    health = {name: stack.services()[name]["State"].get("Health") for name in LONG_RUNNING}
    assert {"jaeger": "healthy", "collector-ready": "healthy"} == {
        name: told["Status"] for name, told in health.items() if told
    }
    assert all(not each["ExitCode"] for told in health.values() if told for each in told["Log"][-1:])


def test_the_file_is_understood_without_a_warning() -> None:
    done = docker("compose", "--profile", "*", "config", "--quiet")
    assert ("", "") == (done.stdout, done.stderr)
