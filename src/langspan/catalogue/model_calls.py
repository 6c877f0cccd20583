"""The catalogue's rows for model calls: request, response and token usage."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import MODELS, Level, Source, Type, constants, rows
from langspan.conventions import names
from langspan.kinds.agents import AGENT
from langspan.kinds.chains import CHAIN
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.graphs import NODE, WORKFLOW
from langspan.kinds.mcp import MCP_REQUEST, MCP_TOOL_CALL
from langspan.kinds.remote_graphs import REMOTE_AGENT
from langspan.kinds.retrievers import RETRIEVER
from langspan.kinds.tools import TOOL
from langspan.kinds.vector_stores import SEARCH

_EMBEDDINGS: Final = frozenset({EMBEDDINGS})
_CALLS: Final = MODELS | _EMBEDDINGS
_OF_EMBEDDINGS: Final = "; on a retriever or a vector store: that of its embeddings"
_PROVIDER: Final = f"known{_OF_EMBEDDINGS}; on a remote graph: `langgraph`"
_REQUESTED: Final = "the request sets it"
_SHARED: Final = f"{_REQUESTED}; on an agent: if all its requests have the same"
_COUNTED: Final = "the provider reports the count"
_STREAMED: Final = "the answer was streamed"

REQUEST: Final = (
    *rows(
        Source.GENAI,
        _CALLS | {RETRIEVER, SEARCH, REMOTE_AGENT},
        (names.GEN_AI_PROVIDER_NAME, Type.STRING, Level.REQUIRED, "openai", _PROVIDER),
    ),
    *rows(
        Source.GENAI,
        _CALLS | {RETRIEVER, SEARCH, AGENT},
        (
            names.GEN_AI_REQUEST_MODEL,
            Type.STRING,
            Level.CONDITIONAL,
            "gpt-5-mini",
            f"known{_OF_EMBEDDINGS}; on an agent: if it called only one",
        ),
    ),
    *rows(
        Source.CORE,
        _CALLS | {TOOL, MCP_TOOL_CALL, MCP_REQUEST, REMOTE_AGENT},
        (
            names.SERVER_ADDRESS,
            Type.STRING,
            Level.RECOMMENDED,
            "api.openai.com",
            "known from the URL of the model, of an MCP server or of the remote graph",
        ),
        (names.SERVER_PORT, Type.INT, Level.CONDITIONAL, 443, "known from the same URL"),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.GEN_AI_REQUEST_TOP_K, Type.INT, Level.CONDITIONAL, 40, _REQUESTED),
    ),
    *rows(
        Source.GENAI,
        MODELS | {AGENT},
        (names.GEN_AI_REQUEST_TEMPERATURE, Type.DOUBLE, Level.RECOMMENDED, 0.2, _SHARED),
        (names.GEN_AI_REQUEST_TOP_P, Type.DOUBLE, Level.RECOMMENDED, 0.9, _SHARED),
        (names.GEN_AI_REQUEST_MAX_TOKENS, Type.INT, Level.RECOMMENDED, 512, _SHARED),
        (names.GEN_AI_REQUEST_FREQUENCY_PENALTY, Type.DOUBLE, Level.RECOMMENDED, 0.1, _SHARED),
        (names.GEN_AI_REQUEST_PRESENCE_PENALTY, Type.DOUBLE, Level.RECOMMENDED, 0.1, _SHARED),
        (names.GEN_AI_REQUEST_STOP_SEQUENCES, Type.STRINGS, Level.RECOMMENDED, ["END"], _SHARED),
        (names.GEN_AI_REQUEST_SEED, Type.INT, Level.CONDITIONAL, 7, _SHARED),
        (names.GEN_AI_REQUEST_CHOICE_COUNT, Type.INT, Level.CONDITIONAL, 3, f"{_SHARED}, and it is not 1"),
    ),
    *rows(
        Source.GENAI,
        MODELS | {AGENT},
        (names.GEN_AI_OUTPUT_TYPE, Type.STRING, Level.CONDITIONAL, "json", _SHARED),
        values=constants(names.OutputType),
    ),
    *rows(
        Source.GENAI_NEXT,
        MODELS,
        (names.GEN_AI_REQUEST_REASONING_LEVEL, Type.STRING, Level.RECOMMENDED, "high", _REQUESTED),
        (
            names.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
            Type.STRING,
            Level.RECOMMENDED,
            "resp_12",
            "the call continues from a stored response",
        ),
    ),
    *rows(
        Source.OWN,
        MODELS,
        (names.LANGSPAN_REASONING_BUDGET_TOKENS, Type.INT, Level.RECOMMENDED, 2048, _REQUESTED),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.OPENAI_API_TYPE, Type.STRING, Level.RECOMMENDED, "responses", "OpenAI's own API, if known"),
        values=constants(names.OpenAIApi),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (
            names.OPENAI_REQUEST_SERVICE_TIER,
            Type.STRING,
            Level.CONDITIONAL,
            "flex",
            f"OpenAI's own API; {_REQUESTED}, and it is not `auto`",
        ),
    ),
    *rows(
        Source.GENAI,
        _EMBEDDINGS,
        (names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT, Type.INT, Level.RECOMMENDED, 1536, "it returned vectors"),
        (names.GEN_AI_REQUEST_ENCODING_FORMATS, Type.STRINGS, Level.RECOMMENDED, ["float"], _REQUESTED),
    ),
    *rows(
        Source.OWN,
        _EMBEDDINGS,
        (names.LANGCHAIN_EMBEDDINGS_NAME, Type.STRING, Level.RECOMMENDED, "OpenAIEmbeddings", "always"),
        (names.LANGSPAN_EMBEDDINGS_INPUT_COUNT, Type.INT, Level.RECOMMENDED, 3, "the texts can be counted"),
    ),
)
RESPONSE: Final = (
    *rows(
        Source.GENAI,
        MODELS | {AGENT},
        (
            names.GEN_AI_RESPONSE_FINISH_REASONS,
            Type.STRINGS,
            Level.RECOMMENDED,
            ["stop"],
            "the provider sends one for each choice; on an agent: those of its last answer",
        ),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.GEN_AI_RESPONSE_ID, Type.STRING, Level.RECOMMENDED, "chatcmpl-9", "the provider sends it"),
        (
            names.GEN_AI_RESPONSE_MODEL,
            Type.STRING,
            Level.RECOMMENDED,
            "gpt-5-mini-2025-08-07",
            "the provider sends it",
        ),
        (names.GEN_AI_REQUEST_STREAM, Type.BOOL, Level.CONDITIONAL, True, f"{_STREAMED}; never `false`"),
        (
            names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
            Type.DOUBLE,
            Level.RECOMMENDED,
            0.31,
            f"{_STREAMED}; in seconds",
        ),
        (names.OPENAI_RESPONSE_SERVICE_TIER, Type.STRING, Level.CONDITIONAL, "default", "OpenAI sends it"),
        (
            names.OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
            Type.STRING,
            Level.RECOMMENDED,
            "fp_44",
            "OpenAI sends it",
        ),
    ),
    *rows(
        Source.GENAI_NEXT,
        MODELS,
        (
            names.GEN_AI_CONVERSATION_COMPACTED,
            Type.BOOL,
            Level.RECOMMENDED,
            True,
            "the answer contains the provider's summary of the conversation until then; never `false`",
        ),
    ),
    *rows(
        Source.OWN,
        MODELS | {NODE},
        (
            names.LANGSPAN_CACHE_HIT,
            Type.BOOL,
            Level.CONDITIONAL,
            True,
            "a cache answered, so there are no token counts, or the node did not run; never `false`",
        ),
    ),
)
USAGE: Final = (
    *rows(
        Source.GENAI,
        MODELS | {AGENT, WORKFLOW, CHAIN},
        (
            names.GEN_AI_USAGE_INPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            209,
            f"{_COUNTED}; includes cached tokens; on an agent: the sum of its own calls; at the root: of all",
        ),
        (
            names.GEN_AI_USAGE_OUTPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            73,
            f"{_COUNTED}; includes reasoning; on an agent and at the root likewise",
        ),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, Type.INT, Level.RECOMMENDED, 128, _COUNTED),
        (
            names.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            64,
            f"{_COUNTED}; the released name of the next attribute",
        ),
    ),
    *rows(
        Source.GENAI_NEXT,
        MODELS,
        (names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, Type.INT, Level.RECOMMENDED, 64, _COUNTED),
    ),
    *rows(
        Source.OWN,
        MODELS,
        (
            names.LANGSPAN_USAGE_CACHE_WRITE_5M_INPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            64,
            f"{_COUNTED}; cached for five minutes",
        ),
        (
            names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            64,
            f"{_COUNTED}; cached for an hour",
        ),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, Type.INT, Level.RECOMMENDED, 48, _COUNTED),
    ),
    *rows(
        Source.GENAI_NEXT,
        MODELS,
        (names.GEN_AI_USAGE_TEXT_INPUT_TOKENS, Type.INT, Level.RECOMMENDED, 20, _COUNTED),
        (names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS, Type.INT, Level.RECOMMENDED, 85, _COUNTED),
        (names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, Type.INT, Level.RECOMMENDED, 40, _COUNTED),
        (names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, Type.INT, Level.RECOMMENDED, 20, _COUNTED),
        (names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, Type.INT, Level.RECOMMENDED, 85, _COUNTED),
        (names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, Type.INT, Level.RECOMMENDED, 40, _COUNTED),
    ),
)
