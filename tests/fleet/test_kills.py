"""A fleet of real processes: what the policy wants arrives whole, whichever of them is killed.

One command: `make fleet-test`. The sizes are variables, see `docs/fleet.md`.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.backends import wait_until
from support.fleet import Fleet, Member, running_fleet
from support.fleet_load import HEAD, Application, Counts, Sent

if os.environ.get("FLEET_TEST") != "1":
    pytest.skip("takes minutes and gigabytes: run `make fleet-test`", allow_module_level=True)

RUNS = int(os.environ.get("FLEET_TEST_RUNS", "1000"))
LARGE_RUNS = int(os.environ.get("FLEET_TEST_LARGE_RUNS", "6"))
PAUSE = float(os.environ.get("FLEET_TEST_PAUSE", "0.25"))
KILLS = os.environ.get("FLEET_TEST_KILLS", "gateway broker ingester agent").split()
PROTOCOLS = ("http/protobuf", "http/protobuf", "grpc")
SETTLED_WITHIN = 150.0
QUIET_LOOKS = 6
"""So many looks of a second or two without anything new mean that nothing comes any more."""
MOST_AGAIN = 0.5
"""Of the spans, so many at most are stored once more. A fifth was the most that was seen."""
MOST_AGAIN_BEHIND_BROKER = 5.0
"""Here everything that the topic still has is judged again after each kill of a gateway or of the broker."""
UNDER_WAY = 5.0
"""Seconds that a trace may take to Kafka: half a second in the application, more if it is large."""


@dataclass(frozen=True)
class Kill:
    """Something was killed, and was back, in seconds since 1970."""

    name: str
    killed: float
    back: float


@dataclass(frozen=True)
class Outcome:
    """What was sent, what is stored of it, and what was killed meanwhile."""

    made: list[Sent]
    lost_by_applications: list[dict[str, int]]
    kills: list[Kill]
    stored: dict[str, Counter[str]]
    rows: list[Counts]

    @property
    def wanted(self) -> list[Sent]:
        return [sent for sent in self.made if sent.wanted]

    @property
    def total(self) -> Counts:
        return self.rows[-1]

    @property
    def missing(self) -> set[str]:
        return {*self.total.lost, *self.total.partial}


def victim(fleet: Fleet, name: str) -> Member:
    members = {
        "gateway": fleet.gateways[0],
        "gateway-asked": fleet.gateways[1],
        "broker": fleet.kafka,
        "ingester": fleet.ingesters[0],
        "agent": fleet.agents[0],
        "writer": fleet.writer,
        "store": fleet.search,
    }
    return members[name]


def wait_for_runs(applications: list[Application], share: float) -> None:
    for application in applications:
        application.wait_for_runs(int(share * application.runs))


def kill_one_after_the_other(fleet: Fleet, applications: list[Application]) -> list[Kill]:
    """Kill each of `KILLS` under load, and start it again under load."""
    times = []
    for number, name in enumerate(KILLS):
        member = victim(fleet, name)
        wait_for_runs(applications, (number + 1 / 3) / len(KILLS))
        killed = time.time()
        if name.endswith("-asked"):
            member.stop()
        else:
            member.kill()
        wait_for_runs(applications, (number + 2 / 3) / len(KILLS))
        member.start()
        times.append(Kill(name, killed, time.time()))
        wait_for_runs(applications, (number + 1) / len(KILLS))
    return times


def is_whole(sent: Sent, stored: Mapping[str, Counter[str]]) -> bool:
    return stored.get(sent.trace, Counter()).keys() == set(sent.spans)


def settled(fleet: Fleet, wanted: list[Sent]) -> dict[str, Counter[str]]:
    """Return what is stored, once nothing waits anywhere and nothing comes any more."""
    looks: list[dict[str, Counter[str]]] = []
    waiting = 0

    def quiet() -> bool:
        nonlocal waiting
        looks[:] = [*looks[-QUIET_LOOKS:], fleet.stored()]
        waiting = fleet.waiting()
        enough = 1 if all(is_whole(sent, looks[-1]) for sent in wanted) else QUIET_LOOKS
        return waiting == 0 and looks[-1 - enough : -1] == [looks[-1]] * enough

    wait_until(quiet, SETTLED_WITHIN, lambda: f"{waiting} bytes or records still wait")
    return looks[-1]


def counted(applications: list[Application], stored: Mapping[str, Counter[str]]) -> list[Counts]:
    """Return counts for each kill's share of the runs, and for all."""
    phases = [Counts(name) for name in KILLS]
    total = Counts("all")
    for application in applications:
        for number, sent in enumerate(application.sent):
            phases[number * len(KILLS) // len(application.sent)].add(sent, stored)
            total.add(sent, stored)
    return [*phases, total]


def run(fleet: Fleet) -> Outcome:
    """Run the applications while the parts of the fleet are killed; return what came of it."""
    with ExitStack() as stack:
        runs, large = RUNS // len(PROTOCOLS) + 1, LARGE_RUNS // len(PROTOCOLS)
        applications = [
            stack.enter_context(Application(agent, protocol, runs, PAUSE, large))
            for agent, protocol in zip(fleet.agents, PROTOCOLS, strict=True)
        ]
        kills = kill_one_after_the_other(fleet, applications)
        for application in applications:
            application.wait_for_end()

    made = [sent for application in applications for sent in application.sent]
    stored = settled(fleet, [sent for sent in made if sent.wanted])
    lost = [dict(application.ledger["lost"]) for application in applications]
    return Outcome(made, lost, kills, stored, counted(applications, stored))


def undecided(outcome: Outcome) -> set[str]:
    """Return the traces that may have waited in a gateway when it was killed."""
    kills = [kill.killed for kill in outcome.kills if kill.name.startswith("gateway")]
    return {s.trace for s in outcome.wanted for killed in kills if s.first < killed < s.last + UNDER_WAY}


def report(fleet: Fleet, outcome: Outcome) -> str:
    lines = [HEAD, *(row.row for row in outcome.rows), ""]
    lines += ["| Process | CPU seconds | MB at most |", "| --- | --- | --- |"]
    lines += [f"| {m.log.stem} | {m.cpu_seconds:.1f} | {m.memory} |" for m in fleet.members]
    lines += ["", *(f"{kill.name}: away for {kill.back - kill.killed:.1f} s" for kill in outcome.kills)]
    return "\n".join(lines)


@pytest.mark.parametrize("behind_broker", [False, True], ids=["before Kafka", "behind Kafka"])
def test_what_is_wanted_arrives_whole_whichever_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, behind_broker: bool
) -> None:
    """Decided before Kafka, a gateway that is killed may lose what was undecided; behind it, nothing."""
    with running_fleet(tmp_path, agents=len(PROTOCOLS), behind_broker=behind_broker) as fleet:
        outcome = run(fleet)
        with capsys.disabled():
            print(f"\n{report(fleet, outcome)}")  # noqa: T201 - what it was run for
        read = {sent.trace: fleet.read(sent.trace) for sent in outcome.wanted}

    assert [{}] * len(PROTOCOLS) == outcome.lost_by_applications
    assert set() == outcome.stored.keys() - read.keys(), "the policy does not want these"
    excused = set() if behind_broker else undecided(outcome)
    assert set() == outcome.missing - excused, "lost, and no gateway was to blame"
    again = MOST_AGAIN_BEHIND_BROKER if behind_broker else MOST_AGAIN
    assert outcome.total.duplicates <= again * outcome.total.spans
    unlike = [trace for trace, spans in read.items() if spans != {*outcome.stored.get(trace, ())}]
    assert [] == unlike, "Jaeger tells another trace than the store holds"
