"""What the conventions name and langspan does not write, with the reason for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from langspan.kinds import vector_stores as vectors
from langspan.kinds.agents import AGENT
from langspan.kinds.base import RunKind
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.mcp import MCP_REQUEST
from langspan.kinds.models import CHAT, COMPLETION
from langspan.kinds.remote_graphs import REMOTE_AGENT
from langspan.kinds.retrievers import RETRIEVER
from langspan.kinds.stores import DELETE, SEARCH, UPSERT

_MODELS: Final = frozenset({CHAT, COMPLETION})
_EMBEDDINGS: Final = frozenset({EMBEDDINGS})
_RETRIEVAL: Final = frozenset({RETRIEVER, vectors.SEARCH})
_AGENT: Final = frozenset({AGENT})
_MEMORY: Final = frozenset({SEARCH, UPSERT, DELETE})
_REMOTE: Final = frozenset({REMOTE_AGENT})
_ON_SERVER: Final = (
    "A LangGraph server does not tell it; the spans that it records itself do, where it is known."
)
_BY_MODALITY: Final = "LangChain's packages count cached tokens as a whole, not by modality."
_VECTORS_ONLY: Final = "LangChain's embeddings return vectors and nothing else."
_NO_ADDRESS: Final = (
    "A retriever leaves the connection to a client of its own, whose address it does not tell."
)
_IN_PROCESS: Final = "A LangGraph store is no service of a provider; its class says what is behind it."
_NO_CONNECTION: Final = (
    "A store leaves the connection to a client of its own, whose address it does not tell."
)


@dataclass(frozen=True, slots=True)
class Absent:
    """An attribute of the conventions that no span has, or not those of some kinds of run.

    Attributes:
        name: The attribute's name; a name that ends in a dot is a prefix.
        on: The kinds of runs whose spans the conventions have it on.
        reason: Why it is not written: one sentence.
    """

    name: str
    on: frozenset[RunKind]
    reason: str


@dataclass(frozen=True, slots=True)
class AbsentSignal:
    """A span, event or entity of the conventions that is not recorded.

    Attributes:
        name: What the conventions call it.
        reason: Why it is not recorded: one sentence.
    """

    name: str
    reason: str


ATTRIBUTES: Final = (
    Absent("gen_ai.usage.text.cache_read.input_tokens", _MODELS, _BY_MODALITY),
    Absent("gen_ai.usage.image.cache_read.input_tokens", _MODELS, _BY_MODALITY),
    Absent("gen_ai.usage.audio.cache_read.input_tokens", _MODELS, _BY_MODALITY),
    Absent(
        "gen_ai.prompt.variable.",
        _MODELS,
        "A prompt is filled in by a step of its own, and that step's span has the variables.",
    ),
    Absent(
        "gen_ai.prompt.variable.",
        frozenset({MCP_REQUEST}),
        "What fills a prompt of a server is in the message that comes of it.",
    ),
    Absent("gen_ai.response.model", _EMBEDDINGS, _VECTORS_ONLY),
    Absent("gen_ai.usage.input_tokens", _EMBEDDINGS, _VECTORS_ONLY),
    Absent(
        "gen_ai.data_source.id",
        _RETRIEVAL,
        "LangChain knows a store's collection or index at most, and the conventions want another identifier.",
    ),
    Absent("server.address", _RETRIEVAL, _NO_ADDRESS),
    Absent("server.port", _RETRIEVAL, _NO_ADDRESS),
    Absent("gen_ai.provider.name", _MEMORY, _IN_PROCESS),
    Absent("gen_ai.memory.store.id", _MEMORY, "A LangGraph store has neither an id nor a name."),
    Absent("server.address", _MEMORY, _NO_CONNECTION),
    Absent("server.port", _MEMORY, _NO_CONNECTION),
    Absent(
        "gen_ai.agent.description",
        _AGENT,
        "Agents of LangChain and LangGraph have a name and no description.",
    ),
    Absent(
        "gen_ai.data_source.id",
        _AGENT,
        "An agent of LangChain has no data source of its own; its retrievers have spans.",
    ),
    *(
        Absent(name, _REMOTE, _ON_SERVER)
        for name in (
            "gen_ai.agent.description",
            "gen_ai.agent.version",
            "gen_ai.data_source.id",
            "gen_ai.output.type",
            "gen_ai.request.choice.count",
            "gen_ai.request.seed",
            "gen_ai.request.model",
            "gen_ai.request.max_tokens",
            "gen_ai.request.temperature",
            "gen_ai.request.top_p",
            "gen_ai.request.stop_sequences",
            "gen_ai.request.frequency_penalty",
            "gen_ai.request.presence_penalty",
            "gen_ai.request.previous_response.id",
            "gen_ai.response.finish_reasons",
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.system_instructions",
            "gen_ai.tool.definitions",
        )
    ),
)
"""Attributes of spans that are recorded."""

SIGNALS: Final = (
    AbsentSignal(
        "create_agent", "It is for agents at a remote service; LangChain makes them in the process."
    ),
    AbsentSignal("plan", "LangChain does not tell a call that plans from any other."),
    AbsentSignal("fetch_response", "No LangChain class reads a stored response again."),
    AbsentSignal(
        "create_memory, update_memory",
        "A LangGraph store does not tell whether a record that is put replaces another: upsert_memory.",
    ),
    AbsentSignal(
        "create_memory_store, delete_memory_store", "Stores of LangGraph are objects, made without a call."
    ),
    AbsentSignal(
        "mcp.client.operation.duration and the other metrics of MCP",
        "The duration of a tool is measured, and a server measures its own requests.",
    ),
    AbsentSignal("gen_ai.main_agent", "It needs an id that a provider has given to the agent."),
)
"""Spans, events and entities."""
