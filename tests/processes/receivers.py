"""The receivers of the fault table: what each does to those who send, and what then becomes of spans."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from support.interpreters import environment
from support.otlp import Reply, Server, black_hole, closed_port, receive
from support.otlp_data import decode

BOTH = ("http/protobuf", "grpc")
PATIENCE = 30.0
"""Seconds after which something of the table's own has failed."""


class Receiver:
    """A receiver of any kind, for several rows at once; this one has nothing.

    Attributes:
        endpoints: Where it listens, by protocol.
    """

    def __init__(self, endpoints: dict[str, str]) -> None:
        self.endpoints = endpoints

    def after_flush(self, number: int, rows: int) -> None:
        """All rows have flushed for the so-manieth time; they go on when this returns."""

    def stored(self) -> Counter[str]:
        """How many spans it has, by row, whether or not it could say so."""
        return Counter()

    def accepted(self) -> Counter[str]:
        """How many spans it said that it accepted, by row."""
        return self.stored()


class Here(Receiver):
    """Receivers in this process, one for each protocol, that answer as they are told."""

    def __init__(self, servers: dict[str, Server]) -> None:
        super().__init__({protocol: server.endpoint for protocol, server in servers.items()})
        self.servers = servers.values()

    def stored(self) -> Counter[str]:
        found = Counter[str]()
        for server in self.servers:
            rejected = server.always.rejected if isinstance(server.always, Reply) else 0
            for request in server.received.requests:
                services = [span.resource["service.name"] for span in decode(request)]
                found[services[0]] += len(services) - rejected
        return found


class Slow(Here):
    """Answers late, and the first time only when all senders have stopped waiting."""

    def __init__(self, servers: dict[str, Server]) -> None:
        super().__init__(servers)
        for server in self.servers:
            server.gate.clear()
            server.pace = 0.1

    def after_flush(self, number: int, rows: int) -> None:
        for server in self.servers:
            server.gate.set()


class Program:
    """One life of `receiver.py`, which starts to listen when it is told its ports."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.told: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("receiver.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.told.append(json.loads(line))
                self._changed.notify_all()

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        print(line, file=self.process.stdin, flush=True)

    def wait_for(self, key: str, count: int = 1) -> Any:
        """Wait until it has told something that is true so many times."""
        with self._changed:
            done = self._changed.wait_for(lambda: sum(bool(t.get(key)) for t in self.told) >= count, PATIENCE)
            assert done, f"no {key} in {self.told}"
            return [each[key] for each in self.told if each.get(key)][-1]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()


class Killed(Receiver):
    """A process that is killed when it has everybody's last spans, and has answered nobody."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.say("0 0")
        super().__init__(program.wait_for("endpoints"))

    def after_flush(self, number: int, rows: int) -> None:
        self.program.say("hold")
        self.program.wait_for("holding")
        threading.Thread(target=self._kill_midway, args=(rows,), daemon=True).start()

    def _kill_midway(self, rows: int) -> None:
        try:
            self.program.wait_for("held", rows)
        finally:
            self.program.kill()

    def stored(self) -> Counter[str]:
        return _stored([self.program])

    def accepted(self) -> Counter[str]:
        return _stored([self.program], held=False)


class Restarting(Receiver):
    """A process that is killed between two requests; another one comes where it was, but not at once."""

    def __init__(self, first: Program, second: Program) -> None:
        self.first, self.second = first, second
        first.say("0 0")
        super().__init__(first.wait_for("endpoints"))

    def after_flush(self, number: int, rows: int) -> None:
        if number == 0:
            self.first.kill()
        elif number == 1:
            ports = [self.endpoints[protocol].rpartition(":")[2] for protocol in BOTH]
            self.second.say(" ".join(ports))
            self.second.wait_for("endpoints")

    def stored(self) -> Counter[str]:
        return _stored([self.first, self.second])


def _stored(programs: list[Program], *, held: bool = True) -> Counter[str]:
    total = Counter[str]()
    for program in programs:
        for told in program.told:
            if held or not told.get("held"):
                total.update(told.get("stored", {}))
    return total


@contextlib.contextmanager
def _nobody() -> Iterator[Receiver]:
    yield Receiver(dict.fromkeys(BOTH, closed_port()))


@contextlib.contextmanager
def _silence() -> Iterator[Receiver]:
    with black_hole() as endpoint:
        yield Receiver(dict.fromkeys(BOTH, endpoint))


def _here(kind: type[Here] = Here, **answers: Any) -> Callable[[], AbstractContextManager[Receiver]]:
    """Receivers in this process that always answer so; `grpc` stands for what gRPC answers."""

    @contextlib.contextmanager
    def open_() -> Iterator[Receiver]:
        with ExitStack() as stack:
            servers = {protocol: stack.enter_context(receive(protocol)) for protocol in BOTH}
            servers["http/protobuf"].always = answers.get("http")
            servers["grpc"].always = answers.get("grpc")
            yield kind(servers)

    return open_


def _process(kind: Callable[..., Receiver], lives: int) -> Callable[[], AbstractContextManager[Receiver]]:
    @contextlib.contextmanager
    def open_() -> Iterator[Receiver]:
        with ExitStack() as stack:
            programs = [Program() for _ in range(lives)]
            for program in programs:
                stack.callback(program.end)
            yield kind(*programs)

    return open_


@dataclass(frozen=True)
class Fault:
    """One receiver of the table.

    Attributes:
        name: As docs/delivery.md has it.
        open: Opens one.
        flushes: How long each process flushes, after some runs each time, and what is true then.
        lost: The reasons for which spans may be lost; none if all are accepted.
        protocols: Those over which there can be such a receiver.
        timeout: The exporter's, in seconds.
        settles: Whether each span is sent at once, so that all are lost before the flush. It has to say so.
    """

    name: str
    open: Callable[[], AbstractContextManager[Receiver]]
    flushes: tuple[tuple[float, bool], ...]
    lost: frozenset[str] = frozenset()
    protocols: tuple[str, ...] = field(default=BOTH)
    timeout: float = 20.0
    settles: bool = False


_LONG = 20.0
_LOST = ((_LONG, False),)
_UNANSWERED = frozenset({"unavailable", "shut_down"})
_PART = Reply(rejected=1, text="quota")
_REDIRECT = Reply(307, headers={"Location": "https://elsewhere.example/v1/traces"})

FAULTS = (
    Fault("dead", _nobody, _LOST, _UNANSWERED, timeout=0.5),
    Fault("silent", _silence, _LOST, _UNANSWERED, timeout=0.5),
    Fault("slow", _here(Slow), ((0.1, False), (_LONG, True))),
    Fault(
        "redirecting",
        _here(http=_REDIRECT),
        _LOST,
        frozenset({"redirected"}),
        ("http/protobuf",),
        settles=True,
    ),
    Fault(
        "refusing",
        _here(http=400, grpc=grpc.StatusCode.INVALID_ARGUMENT),
        _LOST,
        frozenset({"refused"}),
        settles=True,
    ),
    Fault("partly accepting", _here(http=_PART, grpc=_PART), _LOST, frozenset({"rejected"})),
    Fault("restarting", _process(Restarting, 2), ((_LONG, True), (0.2, False), (_LONG, True))),
    Fault("killed midway", _process(Killed, 1), ((_LONG, True),), _UNANSWERED, timeout=3.0),
)
