"""The catalogue's rows for content, the data of users, models and tools: off by default."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import ANY, GRAPHS, MODELS, Level, Source, Type, rows
from langspan.catalogue.remote_graphs import REMOTE
from langspan.conventions import names
from langspan.kinds.agents import AGENT
from langspan.kinds.chains import CHAIN
from langspan.kinds.graphs import WORKFLOW
from langspan.kinds.mcp import MCP_TOOL_CALL
from langspan.kinds.retrievers import RETRIEVER
from langspan.kinds.tools import TOOL
from langspan.kinds.vector_stores import SEARCH

_TOOL: Final = frozenset({TOOL})
_RETRIEVAL: Final = frozenset({RETRIEVER, SEARCH})
_AGENT: Final = frozenset({AGENT})
_WORKFLOW: Final = frozenset({WORKFLOW})
_CHAIN: Final = frozenset({CHAIN})
_MESSAGES: Final = '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]'

CONTENT: Final = (
    *rows(
        Source.GENAI,
        MODELS | _AGENT,
        (
            names.GEN_AI_SYSTEM_INSTRUCTIONS,
            Type.JSON,
            Level.CONTENT,
            '[{"type":"text","content":"Be brief."}]',
            "the messages start with a system message; on an agent: if they all start with the same",
        ),
        (
            names.GEN_AI_TOOL_DEFINITIONS,
            Type.JSON,
            Level.CONTENT,
            '[{"type":"function","name":"find_order"}]',
            "the model may call tools; on an agent: if it may always call the same",
        ),
    ),
    *rows(
        Source.GENAI,
        MODELS | _AGENT | _WORKFLOW | _CHAIN | REMOTE,
        (
            names.GEN_AI_INPUT_MESSAGES,
            Type.JSON,
            Level.CONTENT,
            _MESSAGES,
            "the input has messages or a prompt",
        ),
        (
            names.GEN_AI_OUTPUT_MESSAGES,
            Type.JSON,
            Level.CONTENT,
            _MESSAGES.replace("user", "assistant"),
            "the output has messages; if a model failed: its partial answer",
        ),
    ),
    *rows(
        Source.GENAI,
        _TOOL | {MCP_TOOL_CALL},
        (names.GEN_AI_TOOL_CALL_ARGUMENTS, Type.JSON, Level.CONTENT, '{"order":"A-7"}', "always"),
        (names.GEN_AI_TOOL_CALL_RESULT, Type.JSON, Level.CONTENT, '"on its way"', "it returned"),
    ),
    *rows(
        Source.GENAI,
        _RETRIEVAL,
        (
            names.GEN_AI_RETRIEVAL_QUERY_TEXT,
            Type.STRING,
            Level.CONTENT,
            "late parcel",
            "a text is searched for",
        ),
    ),
    *rows(
        Source.OWN,
        _RETRIEVAL,
        (
            names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS,
            Type.JSON,
            Level.CONTENT,
            '["A parcel is …"]',
            "it returned",
        ),
    ),
    *rows(
        Source.OWN,
        _CHAIN,
        (
            names.LANGCHAIN_PROMPT_VARIABLE_PREFIX,
            Type.STRING,
            Level.CONTENT,
            "Paris",
            "a prompt is filled in",
        ),
    ),
    *rows(
        Source.OWN,
        GRAPHS | _CHAIN | REMOTE,
        (
            names.LANGCHAIN_INPUT,
            Type.JSON,
            Level.CONTENT,
            '{"question":"Hi"}',
            "the input; on an agent or a workflow: apart from messages",
        ),
        (
            names.LANGCHAIN_OUTPUT,
            Type.JSON,
            Level.CONTENT,
            '"Hello."',
            "the output, likewise",
        ),
    ),
    *rows(
        Source.OWN,
        ANY,
        (names.LANGCHAIN_METADATA_PREFIX, Type.STRING, Level.CONTENT, "blue", "the user has added metadata"),
    ),
)
