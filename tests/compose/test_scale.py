"""docker-compose.scale.yml on an engine: what is wanted arrives whole, a gateway and an ingester killed.

`make compose-scale-test` runs it. It takes 4 GB of memory and three minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from compose.stack import (
    REPOSITORY,
    Stack,
    assert_limits,
    assert_no_capability,
    docker,
    exists,
    images,
    is_standin,
    volumes,
)
from support.backends import READ_WITHIN, wait_until
from support.fleet import Member
from support.fleet_load import Application, Sent

pytest.importorskip("langgraph", reason="the application needs it: pip install langgraph langchain")

FILE = "docker-compose.scale.yml"
SWITCH = "LANGSPAN_SCALE_TEST"
PROTOCOLS = ("http/protobuf", "http/protobuf", "grpc")
RUNS, PAUSE = 100, 0.15
ARRIVE_WITHIN = 90.0
UNDER_WAY = 5.0
"""Seconds that a trace may take to Kafka."""
MOST_AGAIN = 0.5
"""Of the spans, so many at most are stored once more."""
SMALL_HEAPS = {"OPENSEARCH_JAVA_OPTS": "-Xms512m -Xmx512m", "KAFKA_HEAP_OPTS": "-Xms256m -Xmx256m"}
COLLECTORS = ("agent", "gateway-1", "gateway-2", "ingester-1", "ingester-2")
USERS = {
    **dict.fromkeys((*COLLECTORS, "collectors-ready", "jaeger-write", "jaeger-query"), "10001"),
    "kafka": "1000",
    "opensearch": "1000",
}
each_service = pytest.mark.parametrize("name", USERS)


@pytest.fixture(scope="module")
def environ(engine: None) -> dict[str, str]:
    """What the file is started with here; skips where it cannot be."""
    if SWITCH not in os.environ:
        pytest.skip("takes gigabytes: `make compose-scale-test` runs it")
    asked = images(file=FILE)
    (collector,) = [image for image in asked if "collector" in image]
    environ = {}
    if exists(collector) and is_standin(collector):  # one with the components of the other files
        asked = {*asked - {collector}, f"{collector}-fleet"}
        environ = {"OTELCOL_VERSION": f"{collector.rpartition(':')[2]}-fleet", **SMALL_HEAPS}
    if missing := sorted(image for image in asked if not exists(image)):
        pytest.skip(
            f"no image {', '.join(missing)}: `docker compose -f {FILE} pull`, "
            "or `make compose-scale-test STANDINS=1`"
        )
    return environ


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout under umask 077, with the files opened that the containers read."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(REPOSITORY / FILE, folder)
    shutil.copytree(REPOSITORY / "collector-config", folder / "collector-config")
    subprocess.run(["chmod", "-R", "go-rwx", folder], check=True)
    subprocess.run(["chmod", "-R", "a+rX", folder / "collector-config"], check=True)
    return folder


@pytest.fixture(scope="module")
def stack(environ: dict[str, str], checkout: Path) -> Iterator[Stack]:
    """The fleet; gone after the module, with its volumes."""
    with Stack(checkout, environ, files=(FILE,)) as stack:
        stack.up()
        yield stack


@dataclass(frozen=True)
class Outcome:
    """What was sent, and when the gateway was killed, in seconds since 1970."""

    made: list[Sent]
    lost_by_applications: list[dict[str, int]]
    killed: float

    @property
    def wanted(self) -> list[Sent]:
        return [sent for sent in self.made if sent.wanted]

    @property
    def undecided(self) -> set[str]:
        """The traces that may have waited in the gateway when it was killed."""
        return {sent.trace for sent in self.wanted if sent.first < self.killed < sent.last + UNDER_WAY}


@pytest.fixture(scope="module")
def outcome(stack: Stack) -> Outcome:
    """Three applications send while a gateway, then an ingester, is killed and started again."""
    ports = {"grpc": stack.ports["OTELCOL_GRPC_PORT"], "http": stack.ports["OTELCOL_HTTP_PORT"]}
    with ExitStack() as on:
        applications = [
            on.enter_context(
                Application(Member([], {}, "", Path(str(number)), ports=ports), protocol, RUNS, PAUSE, 0)
            )
            for number, protocol in enumerate(PROTOCOLS)
        ]

        def wait_for(share: float) -> None:
            for application in applications:
                application.wait_for_runs(int(share * RUNS))

        wait_for(0.2)
        killed = time.time()
        stack.compose("kill", "gateway-1")
        wait_for(0.4)
        stack.compose("up", "-d", "--no-deps", "gateway-1")
        wait_for(0.6)
        stack.compose("kill", "ingester-1")
        wait_for(0.8)
        stack.compose("up", "-d", "--no-deps", "ingester-1")
        for application in applications:
            application.wait_for_end()
    made = [sent for application in applications for sent in application.sent]
    lost = [dict(application.ledger["lost"]) for application in applications]
    return Outcome(made, lost, killed)


def documents(stack: Stack) -> int:
    """Return how many spans are in OpenSearch, those that were stored twice counted twice."""
    ask = ("curl", "-fs", "http://127.0.0.1:9200/langspan-jaeger-span-*/_refresh")
    stack.compose("exec", "-T", "opensearch", *ask)
    told = stack.compose("exec", "-T", "opensearch", *ask[:2], ask[2].replace("_refresh", "_count"))
    return int(json.loads(told.stdout)["count"])


def test_what_is_wanted_arrives_whole_and_nothing_else(
    stack: Stack, outcome: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what was undecided in the gateway when it was killed may be missing."""
    assert [{}] * len(PROTOCOLS) == outcome.lost_by_applications
    expected = {sent.trace: {*sent.spans} for sent in outcome.wanted}
    sure = expected.keys() - outcome.undecided

    def missing() -> set[str]:
        return {trace for trace in sure if stack.jaeger.stored(trace) != expected[trace]}

    wait_until(lambda: not missing(), ARRIVE_WITHIN, lambda: f"{len(missing())} of {len(sure)} are missing")

    stored = {sent.trace: stack.jaeger.stored(sent.trace) for sent in outcome.made}
    spans = sum(map(len, stored.values()))
    whole = sum(stored[trace] == expected[trace] for trace in expected)
    with capsys.disabled():
        print(  # noqa: T201 - what it was run for
            f"\n{len(stored)} traces, {len(expected)} wanted, {len(expected) - len(sure)} perhaps undecided, "
            f"{whole} whole, {spans} spans, {documents(stack)} stored"
        )
    assert set() == {trace for trace, found in stored.items() if found} - expected.keys()
    assert documents(stack) <= (1 + MOST_AGAIN) * spans


def test_what_is_stored_is_there_after_down_and_up(stack: Stack, outcome: Outcome) -> None:
    one = next(sent for sent in outcome.wanted if sent.trace not in outcome.undecided)
    stack.jaeger.trace(one.trace, len(one.spans), ARRIVE_WITHIN)

    stack.compose("down", "--timeout", "20")
    stack.up()

    stack.jaeger.trace(one.trace, len(one.spans), READ_WITHIN)


@each_service
def test_a_service_has_no_rights_and_its_limits(stack: Stack, name: str) -> None:
    told = stack.services()[name]
    assert_limits(told)
    assert told["HostConfig"]["ReadonlyRootfs"] is (name not in ("kafka", "opensearch"))
    assert_no_capability(told, USERS[name])


def test_all_are_there_and_those_that_prepare_have_ended_well(stack: Stack) -> None:
    told = stack.services()
    assert {*USERS, "volumes-ready", "topic"} == told.keys()
    ended = {name: each["State"]["ExitCode"] for name, each in told.items() if not each["State"]["Running"]}
    assert {"volumes-ready": 0, "topic": 0} == ended


def test_nothing_lies_on_a_volume_without_a_name(stack: Stack) -> None:
    mounts = [mount for told in stack.services().values() for mount in told["Mounts"]]
    kept = {mount["Name"] for mount in mounts if mount["Type"] == "volume"}
    assert [] == [name for name in kept if not name.startswith(f"{stack.name}_")]


def test_nothing_is_left_behind(environ: dict[str, str]) -> None:
    """Without waiting for it to be healthy."""
    before = volumes()
    with Stack(REPOSITORY, environ, files=(FILE,)) as other:
        other.compose("up", "-d")
        assert other.left()
    assert ([], set()) == (other.left(), volumes() - before)


def test_the_file_is_understood_without_a_warning(engine: None) -> None:
    done = docker("compose", "-f", FILE, "config", "--quiet")
    assert ("", "") == (done.stdout, done.stderr)
