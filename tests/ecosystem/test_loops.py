"""uvloop and gevent: many runs at once, each in a trace of its own."""

from __future__ import annotations

import asyncio
from typing import Any

from langgraph.graph import END, START, MessagesState, StateGraph

from support.ecosystem import needed
from support.interpreters import ask
from support.models import StreamingChat
from support.recording import Recording

uvloop = needed("uvloop")
needed("gevent")

RUNS = 50
ROOT = "invoke_workflow talk"
PATHS = [ROOT, f"{ROOT}/node answer", f"{ROOT}/node answer/chat m"]

GREENLETS = """
from gevent import monkey
monkey.patch_all()
import json
import gevent
from langgraph.graph import END, START, MessagesState, StateGraph
from support.models import StreamingChat
from support.recording import Recording, instrumented, open_runs

def answer(state):
    chunks = []
    for chunk in StreamingChat(model_name="m").stream("hello again"):
        gevent.sleep(0)
        chunks.append(chunk)
    return {"messages": [chunks[0]]}

recording = Recording()
with instrumented(recording) as handle:
    graph = StateGraph(MessagesState).add_node("answer", answer)
    talk = graph.add_edge(START, "answer").add_edge("answer", END).compile(name="talk")
    greenlets = [gevent.spawn(talk.invoke, {"messages": ["hi"]}) for _ in range(RUNS)]
    gevent.joinall(greenlets, timeout=60, raise_error=True)
    left = open_runs(handle)
print(json.dumps({"paths": recording.paths(), "traces": len(recording.trace_ids()), "open": left}))
"""


async def _answer(_state: Any) -> Any:
    chunks = [chunk async for chunk in StreamingChat(model_name="m").astream("hello again")]
    await asyncio.sleep(0)
    return {"messages": [chunks[0]]}


def test_on_uvloop_concurrent_runs_keep_apart(traced: Recording) -> None:
    graph = StateGraph(MessagesState).add_node("answer", _answer)
    talk: Any = graph.add_edge(START, "answer").add_edge("answer", END).compile(name="talk")

    async def together() -> None:
        await asyncio.gather(*(talk.ainvoke({"messages": ["hi"]}) for _ in range(RUNS)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(together())

    assert sorted(PATHS * RUNS) == traced.paths()
    assert RUNS == len(traced.trace_ids())


def test_in_greenlets_concurrent_runs_keep_apart() -> None:
    seen = ask(GREENLETS.replace("RUNS", str(RUNS)))

    assert {"paths": sorted(PATHS * RUNS), "traces": RUNS, "open": 0} == seen
