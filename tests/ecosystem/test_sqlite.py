"""SQLite's checkpointers and stores: an application that keeps its conversation and what it has learnt."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langgraph.config import get_store
from langgraph.graph import START, MessagesState, StateGraph

from support.drawing import drawn, written
from support.ecosystem import Counting, check_counted, needed
from support.models import StreamingChat
from support.recording import Recording, instrumented

checkpoints = needed("langgraph.checkpoint.sqlite")
async_checkpoints = needed("langgraph.checkpoint.sqlite.aio")
stores = needed("langgraph.store.sqlite")
async_stores = needed("langgraph.store.sqlite.aio")

GIVEN: Any = {"messages": [("user", "I like tea.")]}
TREE = """
    invoke_workflow g
      node learn
        chat m
        upsert_memory
        search_memory
"""


def model() -> Any:
    return StreamingChat(answers=["Noted."] * 2, model_name="m")


def learn(state: MessagesState) -> Any:
    answer = model().invoke(state["messages"])
    store = get_store()
    store.put(("user", "ada"), "tea", {"text": "likes tea"})
    assert 1 == len(store.search(("user", "ada")))
    return {"messages": [answer]}


async def alearn(state: MessagesState) -> Any:
    answer = await model().ainvoke(state["messages"])
    store = get_store()
    await store.aput(("user", "ada"), "tea", {"text": "likes tea"})
    assert 1 == len(await store.asearch(("user", "ada")))
    return {"messages": [answer]}


def graph(node: Any, saver: Any, store: Any) -> Any:
    builder = StateGraph(MessagesState).add_node("learn", node).add_edge(START, "learn")
    return builder.compile(name="g", checkpointer=saver, store=store)


def config(counting: Counting) -> Any:
    return {"callbacks": [counting], "configurable": {"thread_id": "t-1"}}


def run(way: str, folder: Path, counting: Counting) -> int:
    with (
        checkpoints.SqliteSaver.from_conn_string(str(folder / "c.db")) as saver,
        stores.SqliteStore.from_conn_string(str(folder / "s.db")) as store,
    ):
        store.setup()
        app = graph(learn, saver, store)
        if way == "invoke":
            app.invoke(GIVEN, config(counting))
        else:
            list(app.stream(GIVEN, config(counting), stream_mode=["updates", "messages"]))
        return len(app.get_state(config(counting)).values["messages"])


async def arun(way: str, folder: Path, counting: Counting) -> int:
    async with (
        async_checkpoints.AsyncSqliteSaver.from_conn_string(str(folder / "c.db")) as saver,
        async_stores.AsyncSqliteStore.from_conn_string(str(folder / "s.db")) as store,
    ):
        await store.setup()
        app = graph(alearn, saver, store)
        if way == "ainvoke":
            await app.ainvoke(GIVEN, config(counting))
        else:
            async for _ in app.astream(GIVEN, config(counting), stream_mode=["updates", "messages"]):
                pass
        return len((await app.aget_state(config(counting))).values["messages"])


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
def test_an_application_is_the_same_tree_however_it_is_run(
    way: str, tmp_path: Path, recording: Recording
) -> None:
    counting = Counting()
    with instrumented(recording):
        kept = asyncio.run(arun(way, tmp_path, counting)) if way[0] == "a" else run(way, tmp_path, counting)

    assert 2 == kept
    assert drawn(recording.spans) == written(TREE)
    check_counted(counting, recording)
