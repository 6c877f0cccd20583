"""Classic agents of an application, where `langchain-classic` is installed."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate

from support.application.chains import add
from support.application.observe import Scenario
from support.models import StreamingChat, tool_call, usage

INPUTS = {"input": "1 + 2?"}


def _executor() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports what it has deprecated itself
        classic = import_module("langchain_classic.agents")
    answers = (tool_call("add", a=1, b=2), AIMessage("three it is", usage_metadata=usage(5, 6)))
    texts = [("human", "{input}"), ("placeholder", "{agent_scratchpad}")]
    agent = classic.create_tool_calling_agent(
        StreamingChat(answers=answers), [add], ChatPromptTemplate.from_messages(texts)
    )
    return classic.AgentExecutor(agent=agent, tools=[add])


def executor_invoke(config: Any) -> Any:
    return _executor().invoke(INPUTS, config)


async def executor_ainvoke(config: Any) -> Any:
    return await _executor().ainvoke(INPUTS, config)


def executor_stream(config: Any) -> Any:
    return _executor().stream(INPUTS, config)


def executor_astream(config: Any) -> Any:
    return _executor().astream(INPUTS, config)


_ALL: tuple[Scenario, ...] = (executor_invoke, executor_ainvoke, executor_stream, executor_astream)
SCENARIOS = _ALL if find_spec("langchain_classic") else ()
