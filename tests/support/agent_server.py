"""A LangGraph server's API, as far as clients need it to run a graph: real HTTP, scripted answers.

with serve() as server:
    RemoteGraph("echo", url=server.url).invoke({"text": "Hi"})
    server.requests  # what arrived

What an assistant does is told by its name: see `EVENTS`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Event = tuple[str, Any]
RUN_ID = "01a221be-65c7-735e-8681-598a93da6973"
INTERRUPT = {"value": "Really?", "id": "b40fd37c81535aad78f3ffba27827be6"}


class Request(NamedTuple):
    """A request that arrived; headers as they were sent, with lower-case names."""

    path: str
    headers: list[tuple[str, str]]
    body: Any

    def header(self, name: str) -> str | None:
        """The value of a header; it must not have arrived twice."""
        found = [value for each, value in self.headers if each == name]
        assert len(found) < 2, found
        return found[0] if found else None


def _echo(given: Any) -> list[Event]:
    answer = {**given, "answer": "done"} if isinstance(given, dict) else {"answer": "done"}
    return [("values", given), ("updates", {"node": {"answer": "done"}}), ("values", answer)]


def _asking(given: Any) -> list[Event]:
    waiting = {"__interrupt__": [INTERRUPT]}
    return [
        ("values", given),
        ("updates|sub:1", waiting),
        ("updates", waiting),
        ("values", {**given, **waiting}),
    ]


def _failing(_given: Any) -> list[Event]:
    return [("error", {"error": "ValueError", "message": "no such order"})]


EVENTS: Mapping[str, Callable[[Any], list[Event]]] = {"echo": _echo, "asking": _asking, "failing": _failing}
"""The events of each assistant, from the input.

`slow` has those of `echo`, the last one when it is released; a call of `refused` is refused. An event stream
of `cut` ends before its run does.
"""


@dataclass
class AgentServer:
    """What arrived at a server, and where it is."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    runs: dict[str, Any] = field(default_factory=dict)
    started: threading.Condition = field(default_factory=threading.Condition)
    release: threading.Event = field(default_factory=threading.Event)

    def events(self, body: Any) -> Iterator[Event]:
        """What happens in a run."""
        assistant, given = body["assistant_id"], body.get("input")
        yield "metadata", {"run_id": RUN_ID, "attempt": 1}
        *first, last = EVENTS.get(assistant, _echo)(given)
        yield from first
        if assistant == "slow":
            self.release.wait(60)
        yield last

    def start(self, thread_id: str, params: Any) -> None:
        """Start a run whose events are read in streams of their own."""
        with self.started:
            self.runs[thread_id] = params
            self.started.notify_all()

    def run_of(self, thread_id: str) -> Any:
        """Return the parameters of a thread's run, once it has started."""
        with self.started:
            self.started.wait_for(lambda: thread_id in self.runs, 30)
            return self.runs[thread_id]

    def _events_of(self, thread_id: str) -> Iterator[Event]:
        """What happens in such a run; one that is resumed has an answer as input, not a state."""
        params = self.run_of(thread_id)
        given = params["input"] if isinstance(params.get("input"), dict) else {}
        return self.events({**params, "input": given})

    def protocol_events(self, thread_id: str) -> Iterator[Event]:
        """What happens in such a run, in the words of version 3 of the protocol."""
        seq = 0

        def told(method: str, data: Any, key: str = "") -> Event:
            nonlocal seq
            seq += 1
            event_id = f"synth:{RUN_ID}:{key}" if key else f"{seq}-0"
            params = {"namespace": [], "data": data}
            return method, {
                "type": "event",
                "seq": seq,
                "event_id": event_id,
                "method": method,
                "params": params,
            }

        end: Any = {"event": "completed"}
        yield told("lifecycle", {"event": "running"}, "lc||running")
        for event, data in self._events_of(thread_id):
            if event == "error":
                end = {"event": "failed", "error": data["message"]}
            elif event == "updates" and "__interrupt__" in data:
                asked = {"interrupt_id": INTERRUPT["id"], "payload": INTERRUPT["value"]}
                yield told("input.requested", asked, f"input||{INTERRUPT['id']}")
                end = {"event": "interrupted"}
            elif event == "values":
                state = {key: value for key, value in data.items() if key != "__interrupt__"}
                yield told("values", state)
        if self.run_of(thread_id)["assistant_id"] != "cut":
            yield told("lifecycle", end, f"lc||{end['event']}")

    def state(self, thread_id: str) -> Any:
        """The state of a thread after its run."""
        states = [data for event, data in self._events_of(thread_id) if event == "values"]
        return {"values": states[-1] if states else {}, "next": [], "tasks": []}


@contextmanager
def serve() -> Iterator[AgentServer]:
    """Serve on 127.0.0.1."""
    server = AgentServer()
    handler = type("Handler", (_Handler,), {"state": server})
    with _Server(("127.0.0.1", 0), handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            http.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # many may call at once


class _Handler(BaseHTTPRequestHandler):
    state: AgentServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"null")
        self._note(body)
        if "/threads/" in self.path and self.path.endswith(("/commands", "/stream/events")):
            self._protocol(body)
            return
        if not self.path.partition("?")[0].endswith("/runs/stream"):
            self._json({"run_id": RUN_ID, "thread_id": "t-1", "status": "pending", "values": {}})
            return
        if body["assistant_id"] == "refused":
            self._json({"message": "no"}, 401)
            return
        self._stream(self.state.events(body))

    def _protocol(self, body: Any) -> None:
        """Version 3 of the protocol: commands, and streams of what happens in a thread."""
        thread_id = self._thread_id()
        if self.path.endswith("/stream/events"):
            self._stream(self.state.protocol_events(thread_id))
        elif body["params"]["assistant_id"] == "refused":
            self._json({"message": "no"}, 401)
        else:
            self.state.start(thread_id, body["params"])
            self._json({"type": "success", "id": body["id"], "result": {"run_id": RUN_ID}})

    def _thread_id(self) -> str:
        return self.path.partition("/threads/")[2].partition("/")[0]

    def _stream(self, events: Iterator[Event]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        try:
            for event, data in events:
                self.wfile.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())
                self.wfile.flush()
        except OSError:  # the client has gone
            return

    def do_GET(self) -> None:
        self._note(None)
        if self.path.endswith("/state"):
            self._json(self.state.state(self._thread_id()))
            return
        self._json({"run_id": RUN_ID, "status": "success"})

    do_DELETE = do_PUT = do_PATCH = do_POST  # noqa: N815 - the names that `http.server` looks for

    def _note(self, body: Any) -> None:
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        self.state.requests.append(Request(self.path, headers, body))

    def _json(self, value: Any, status: int = 200) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        pass
