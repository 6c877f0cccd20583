"""The catalogue's rows for runs: attributes of any run, and of tools, retrievers, agents and graphs."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import (
    ALL_KINDS,
    ANY,
    GRAPHS,
    OPERATIONS,
    Level,
    Source,
    Type,
    constants,
    rows,
)
from langspan.catalogue.remote_graphs import REMOTE
from langspan.conventions import names
from langspan.kinds.agents import AGENT
from langspan.kinds.chains import CHAIN
from langspan.kinds.graphs import WORKFLOW
from langspan.kinds.mcp import MCP_REQUEST, MCP_TOOL_CALL
from langspan.kinds.retrievers import RETRIEVER
from langspan.kinds.tools import TOOL
from langspan.kinds.vector_stores import ADD, DELETE, INDEXING, SEARCH
from langspan.recording import outcomes

_TOOL: Final = frozenset({TOOL})
_RETRIEVER: Final = frozenset({RETRIEVER})
_RETRIEVAL: Final = frozenset({RETRIEVER, SEARCH})
_STORE: Final = frozenset({SEARCH, ADD, DELETE, INDEXING})
_AGENT: Final = frozenset({AGENT})
_WORKFLOW: Final = frozenset({WORKFLOW})
_CHAIN: Final = frozenset({CHAIN})
_HUB: Final = "the prompt comes from the LangChain Hub"
_CONVERSATION: Final = (
    "`thread_id`, `session_id` or `conversation_id`, set on the run or on one around it, or "
    "`langspan.context` gives one"
)
IN_NODE: Final = "a node, or a graph inside a node"
_SERVER: Final = "LangGraph's server runs the graph"

EVERYWHERE: Final = (
    *rows(
        Source.GENAI,
        OPERATIONS,
        (names.GEN_AI_OPERATION_NAME, Type.STRING, Level.REQUIRED, "chat", "always"),
        values=tuple(dict.fromkeys(kind.operation for kind in ALL_KINDS if kind.operation is not None)),
    ),
    *rows(
        Source.GENAI,
        OPERATIONS,
        (names.GEN_AI_CONVERSATION_ID, Type.STRING, Level.CONDITIONAL, "thread-7", _CONVERSATION),
    ),
    *rows(
        Source.GENAI,
        OPERATIONS | {MCP_REQUEST},
        (
            names.GEN_AI_PROMPT_NAME,
            Type.STRING,
            Level.CONDITIONAL,
            "me/greeting",
            f"{_HUB}, or from an MCP server",
        ),
    ),
    *rows(
        Source.GENAI_NEXT,
        OPERATIONS,
        (names.GEN_AI_PROMPT_VERSION, Type.STRING, Level.CONDITIONAL, "3f2a", _HUB),
    ),
    *rows(
        Source.OWN,
        ANY - OPERATIONS,
        (names.LANGSPAN_CONVERSATION_ID, Type.STRING, Level.CONDITIONAL, "thread-7", _CONVERSATION),
        (names.LANGCHAIN_PROMPT_NAME, Type.STRING, Level.CONDITIONAL, "me/greeting", _HUB),
        (names.LANGCHAIN_PROMPT_VERSION, Type.STRING, Level.CONDITIONAL, "3f2a", _HUB),
    ),
    *rows(
        Source.CORE,
        ANY,
        (
            names.ERROR_TYPE,
            Type.STRING,
            Level.CONDITIONAL,
            "ValueError",
            f"the run failed: the exception's class, or `{names.TOOL_ERROR}` if a tool returned its failure",
        ),
        (
            names.USER_ID,
            Type.STRING,
            Level.RECOMMENDED,
            "u-1",
            "`user_id`, likewise",
        ),
        (
            names.SESSION_ID,
            Type.STRING,
            Level.RECOMMENDED,
            "s-1",
            "`langspan.context` gives one",
        ),
    ),
    *rows(
        Source.OWN,
        ANY,
        (
            names.LANGSPAN_OUTCOME,
            Type.STRING,
            Level.CONDITIONAL,
            "interrupted",
            "the run neither returned nor failed",
        ),
        values=(
            outcomes.CANCELLED,
            outcomes.CLOSED,
            outcomes.DRAINED,
            outcomes.INCOMPLETE,
            outcomes.INTERRUPTED,
        ),
    ),
    *rows(
        Source.OWN,
        ANY,
        (
            names.LANGCHAIN_RUN_ID,
            Type.STRING,
            Level.REQUIRED,
            "0199c7a4-7d1c-7b1e-8a55-2f0f6f6f8c11",
            "always: LangChain's id of the run",
        ),
        (
            names.LANGSPAN_RETRY_ATTEMPT,
            Type.INT,
            Level.CONDITIONAL,
            2,
            "`with_retry`, a retry policy or a middleware repeats the run: the number of the attempt",
        ),
        (
            names.LANGCHAIN_SOURCE,
            Type.STRING,
            Level.RECOMMENDED,
            "summarization",
            "a middleware makes the call",
        ),
        (
            names.LANGCHAIN_RUN_NAME,
            Type.STRING,
            Level.CONDITIONAL,
            "ticket-7",
            "the call named the run differently from its model, tool, retriever or graph",
        ),
        (names.LANGCHAIN_TAGS, Type.STRINGS, Level.RECOMMENDED, ["prod"], "the user has tagged the run"),
    ),
)
ACTORS: Final = (
    *rows(
        Source.GENAI,
        _TOOL | {MCP_TOOL_CALL},
        (names.GEN_AI_TOOL_NAME, Type.STRING, Level.REQUIRED, "find_order", "known"),
    ),
    *rows(
        Source.GENAI,
        _TOOL,
        (names.GEN_AI_TOOL_TYPE, Type.STRING, Level.RECOMMENDED, "function", "always"),
        values=constants(names.ToolType),
    ),
    *rows(
        Source.GENAI,
        _TOOL,
        (names.GEN_AI_TOOL_DESCRIPTION, Type.STRING, Level.RECOMMENDED, "Find an order.", "the tool has one"),
        (names.GEN_AI_TOOL_CALL_ID, Type.STRING, Level.RECOMMENDED, "call_7", "a model requested the call"),
    ),
    *rows(
        Source.GENAI,
        _AGENT | _TOOL | REMOTE,
        (
            names.GEN_AI_AGENT_NAME,
            Type.STRING,
            Level.CONDITIONAL,
            "order_agent",
            "the agent has a name; on a tool: the agent that calls it; on a remote graph: no mere id",
        ),
    ),
    *rows(
        Source.GENAI,
        _WORKFLOW,
        (
            names.GEN_AI_WORKFLOW_NAME,
            Type.STRING,
            Level.CONDITIONAL,
            "support_desk",
            "the graph has a name other than the default",
        ),
    ),
    *rows(
        Source.GENAI,
        _RETRIEVAL,
        (
            names.GEN_AI_RETRIEVAL_TOP_K,
            Type.INT,
            Level.RECOMMENDED,
            4,
            "the retriever or the call sets it",
        ),
        (
            names.GEN_AI_RETRIEVAL_DOCUMENTS,
            Type.JSON,
            Level.RECOMMENDED,
            '[{"id":"d1","score":0.5}]',
            "documents have ids or scores; nothing else is recorded here",
        ),
    ),
    *rows(
        Source.OWN,
        _RETRIEVAL,
        (names.LANGSPAN_RETRIEVAL_DOCUMENT_COUNT, Type.INT, Level.RECOMMENDED, 2, "it returned"),
    ),
    *rows(
        Source.OWN,
        _RETRIEVER,
        (names.LANGCHAIN_RETRIEVER_NAME, Type.STRING, Level.RECOMMENDED, "PolicyRetriever", "known"),
    ),
    *rows(
        Source.OWN,
        _RETRIEVER | _STORE,
        (
            names.LANGCHAIN_VECTOR_STORE,
            Type.STRING,
            Level.RECOMMENDED,
            "Chroma",
            "known; on a retriever: it searches one",
        ),
    ),
    *rows(
        Source.OWN,
        GRAPHS,
        (names.LANGGRAPH_NODE, Type.STRING, Level.RECOMMENDED, "look_up", IN_NODE),
        (names.LANGGRAPH_STEP, Type.INT, Level.RECOMMENDED, 2, IN_NODE),
        (names.LANGGRAPH_TRIGGERS, Type.STRINGS, Level.RECOMMENDED, ["branch:to:look_up"], IN_NODE),
        (
            names.LANGGRAPH_SEND_INDEX,
            Type.INT,
            Level.CONDITIONAL,
            0,
            "`Send` started the node: its position in the fan-out",
        ),
        (names.LANGGRAPH_GRAPH_ID, Type.STRING, Level.RECOMMENDED, "agent", _SERVER),
    ),
)
