"""Attributes that any run may have."""

from __future__ import annotations

from uuid import UUID

import pytest

from langspan.kinds.any_run import run_attributes, user_metadata
from langspan.kinds.chains import CHAIN
from langspan.kinds.conversations import conversation_id, user_id
from langspan.kinds.graphs import NODE
from langspan.kinds.models import CHAT

UUID_1 = UUID("12345678-1234-5678-1234-567812345678")


def test_a_run_inside_a_graph():
    metadata = {
        "thread_id": UUID_1,
        "user_id": "u1",
        "ls_integration": "langgraph",
        "langgraph_step": 3,
        "langgraph_node": "tools",
        "langgraph_triggers": ("__pregel_push",),
        "checkpoint_ns": "tools:1",
        "langgraph_checkpoint_ns": "tools:1",
        "checkpoint_id": "1f",
        "graph_id": "g",
        "assistant_id": UUID_1,
        "lc_source": "summarization",
        "private": "value",
    }
    assert {
        "langgraph.step": 3,
        "langgraph.node": "tools",
        "langgraph.triggers": ["__pregel_push"],
        "langgraph.checkpoint.ns": "tools:1",
        "langgraph.checkpoint.id": "1f",
        "langgraph.graph.id": "g",
        "langgraph.assistant.id": str(UUID_1),
        "langchain.source": "summarization",
    } == run_attributes(metadata, None, NODE)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({"conversation_id": "c", "session_id": "s", "thread_id": "t"}, "t", id="thread first"),
        pytest.param({"conversation_id": "c", "session_id": "s"}, "s", id="then session"),
        pytest.param({"conversation_id": "c"}, "c", id="then conversation"),
        pytest.param({"thread_id": None, "session_id": "s"}, "s", id="None is not an id"),
        pytest.param({"thread_id": {}, "session_id": "s"}, "s", id="an object is not an id"),
        pytest.param({"thread_id": 7}, "7", id="number"),
        pytest.param({"thread_id": ""}, None, id="empty"),
        pytest.param({}, None, id="none"),
        pytest.param(None, None, id="no metadata"),
    ],
)
def test_conversation_id(metadata, expected):
    assert expected == conversation_id(metadata)


@pytest.mark.parametrize(
    "tag",
    [
        *("seq:step:2", "graph:step:1", "map:key:x", "map:key:two\nlines", "branch:1", "branch:default"),
        *("condition:2", "langsmith:hidden", "langsmith:nostream"),
    ],
)
def test_the_bookkeeping_of_langchain_and_langgraph_is_left_out(tag):
    assert {"langchain.tags": ["team-a", "prod"]} == run_attributes(None, ["team-a", tag, "prod"], CHAIN)


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "branch:main",
            "branch:",
            "branch:1x",
            "condition:beta",
            "seq:step:",
            "seq:step:last",
            "seq:steps:1",
        ),
        *("graph:step:one", "map:keys", "langsmith:prod", "env:prod", "retry:attempt:x", "nostream"),
    ],
)
def test_a_tag_of_the_users_that_only_looks_like_bookkeeping_is_kept(tag):
    assert {"langchain.tags": [tag]} == run_attributes(None, [tag], CHAIN)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [({"user_id": "u"}, "u"), ({"user_id": 7}, "7"), ({"user_id": []}, None), ({}, None), (None, None)],
)
def test_user_id(facts, expected):
    assert expected == user_id(facts)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("retry:attempt:2", 2), ("retry:attempt:x", None), ("retry:attempt:", None), ("my-retry", None)],
)
def test_retry_attempt(tag, expected):
    assert expected == run_attributes(None, [tag], CHAIN).get("langspan.retry.attempt")


@pytest.mark.parametrize(("kind", "prefix"), [(CHAT, "gen_ai"), (CHAIN, "langchain"), (NODE, "langchain")])
def test_a_prompt_from_the_hub_has_a_name_and_a_version(kind, prefix):
    metadata = {"lc_hub_owner": "o", "lc_hub_repo": "rag", "lc_hub_commit_hash": "50442af"}
    expected = {f"{prefix}.prompt.name": "rag", f"{prefix}.prompt.version": "50442af"}
    assert expected == run_attributes(metadata, None, kind)


def test_malformed_values_are_left_out():
    metadata = {"langgraph_step": "x", "langgraph_node": 3, "langgraph_triggers": "a", "user_id": [], 5: 6}
    assert {"langchain.tags": ["ok"]} == run_attributes(metadata, ["ok", None, 3], NODE)


def test_user_metadata_excludes_the_frameworks_own_keys():
    metadata = {
        "customer": "acme",
        "plan": {"tier": 1},
        "ls_provider": "openai",
        "lc_versions": {},
        "langgraph_step": 1,
        "__pregel_x": 1,
        "thread_id": "t",
        "user_id": "u",
        "checkpoint_ns": "",
        "run_id": "r",
        4: 5,
    }
    assert {"customer": "acme", "plan": {"tier": 1}} == user_metadata(metadata)


def test_no_metadata_has_no_user_metadata():
    assert {} == user_metadata(None)
