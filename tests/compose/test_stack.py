"""docker-compose.yml on an engine: it starts, traces, survives restarts and kills, leaves nothing behind."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from compose.stack import (
    REPOSITORY,
    Stack,
    assert_no_capability,
    assert_no_rights_and_limits,
    declared,
    docker,
    missing_images,
    volumes,
)
from support.backends import READ_WITHIN, wait_until
from support.handmade import HandMade, send
from support.sending_apps import SteadyApp, run_app

STACK = REPOSITORY / "tests" / "stack"
LONG_RUNNING = ("jaeger", "otel-collector", "collector-ready")
OTHERS = {"volumes-ready", "collector-ready"}
"""They read no file of the checkout."""
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
    assert_no_rights_and_limits(stack.services()[name])


@each_service
def test_a_process_of_a_service_has_no_capability(stack: Stack, name: str) -> None:
    assert_no_capability(stack.services()[name])


def test_only_the_one_that_gives_files_away_is_root_and_it_has_ended(stack: Stack) -> None:
    told = stack.services()
    assert {"volumes-ready", *LONG_RUNNING} == told.keys() == declared()
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
@pytest.mark.parametrize("profiles", [(), ("metrics",)], ids=["plain", "metrics"])
def test_a_checkout_that_only_its_owner_can_read_works_as_that_user(
    checkout: Path, profiles: tuple[str, ...]
) -> None:
    if reason := missing_images(*profiles):
        pytest.skip(reason)
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, 12345, 12345)
        path.chmod(0o700 if path.is_dir() else 0o600)
    with Stack(checkout, {"LANGSPAN_USER": "12345:12345"}, profiles) as stack:
        stack.up()
        told = stack.services()
        users = {told[name]["Config"]["User"] for name in declared(*profiles) - OTHERS}
        assert {"12345:12345"} == users
        made = HandMade()
        made.tracer.start_span("private").end()
        send(made.spans, stack.collector)
        assert ["private"] == [span.name for span in stack.jaeger.trace(made.trace_id)]


def test_a_checkout_that_only_its_owner_can_read_works_once_the_files_are_open(checkout: Path) -> None:
    """The other way that the page names; the folders above need not be open."""
    subprocess.run(["chmod", "-R", "go-rwx", checkout], check=True)
    with Stack(checkout) as stack:
        assert stack.compose("up", "-d", check=False).returncode
        wait_until(lambda: "permission denied" in stack.logs(), READ_WITHIN, stack.logs)
    subprocess.run(["chmod", "-R", "a+rX", checkout / "collector-config"], check=True)
    with Stack(checkout) as stack:
        stack.up()


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
