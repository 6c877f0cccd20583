"""What the installed libraries can do. Tests skip by capability, never by version number."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from langchain.agents import middleware as agent_middleware
from langchain_core.language_models import BaseChatModel
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel, main

OLD_STREAMS = pytest.mark.filterwarnings("ignore:.*astream:langchain_core._api.LangChainDeprecationWarning")
BETA = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


@dataclass(frozen=True)
class Capability:
    """Something that the installed libraries may be unable to do.

    Attributes:
        name: What it is, in plain words.
        there: Whether they can.
    """

    name: str
    there: bool

    @property
    def mark(self) -> Any:
        """A pytest mark that skips without it."""
        return pytest.mark.skipif(not self.there, reason=f"the installed versions have no {self.name}")


def _imports(name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oldest langgraph.prebuilt imports what it deprecates itself
        try:
            import_module(name)
        except ImportError:
            return False
    return True


MODEL_EVENTS = Capability("event streams of chat models (v3)", hasattr(BaseChatModel, "_iter_v2_events"))
NODE_TIMEOUTS = Capability("node timeouts", "timeout" in inspect.signature(StateGraph.add_node).parameters)
GRAPH_EVENTS = Capability("event streams of graphs (v3)", "stream_events" in vars(Pregel))
GRAPH_CALLBACKS = Capability("callbacks of interrupted graphs", _imports("langgraph.callbacks"))
STATE_PLANS = Capability(
    "plan of a state's update, which can be told of",
    hasattr(main, "create_checkpoint_plan_for_update_state_api"),
)
TOOL_NODES = Capability("langgraph.prebuilt that fits its langgraph", _imports("langgraph.prebuilt"))
NUMPY = Capability("numpy, which searches stored vectors", _imports("numpy"))
MCP = Capability("client of the Model Context Protocol", find_spec("mcp") is not None)
RETRIES = Capability("middleware that tries models again", hasattr(agent_middleware, "ModelRetryMiddleware"))
