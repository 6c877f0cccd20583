"""The rows of the catalogue about calls of models: what was asked, what came back, what it took."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import MODELS, Level, Source, Type, constants, rows
from langspan.conventions import names
from langspan.kinds.agents import AGENT
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.retrievers import RETRIEVER

_EMBEDDINGS: Final = frozenset({EMBEDDINGS})
_CALLS: Final = MODELS | _EMBEDDINGS
_OF_EMBEDDINGS: Final = "; of a retriever: that of its embeddings"
_ASKED: Final = "the call asks for it"
_COUNTED: Final = "the provider counts them"
_STREAMED: Final = "the answer came in chunks"

REQUEST: Final = (
    *rows(
        Source.GENAI,
        _CALLS | {RETRIEVER},
        (names.GEN_AI_PROVIDER_NAME, Type.STRING, Level.REQUIRED, "openai", f"known{_OF_EMBEDDINGS}"),
    ),
    *rows(
        Source.GENAI,
        _CALLS | {RETRIEVER, AGENT},
        (
            names.GEN_AI_REQUEST_MODEL,
            Type.STRING,
            Level.CONDITIONAL,
            "gpt-5-mini",
            f"known{_OF_EMBEDDINGS}; of an agent: if it has called one only",
        ),
    ),
    *rows(
        Source.CORE,
        _CALLS,
        (
            names.SERVER_ADDRESS,
            Type.STRING,
            Level.RECOMMENDED,
            "api.openai.com",
            "the model's class tells it",
        ),
        (names.SERVER_PORT, Type.INT, Level.CONDITIONAL, 443, "the address tells it"),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.GEN_AI_REQUEST_TEMPERATURE, Type.DOUBLE, Level.RECOMMENDED, 0.2, _ASKED),
        (names.GEN_AI_REQUEST_TOP_P, Type.DOUBLE, Level.RECOMMENDED, 0.9, _ASKED),
        (names.GEN_AI_REQUEST_TOP_K, Type.INT, Level.CONDITIONAL, 40, _ASKED),
        (names.GEN_AI_REQUEST_MAX_TOKENS, Type.INT, Level.RECOMMENDED, 512, _ASKED),
        (names.GEN_AI_REQUEST_FREQUENCY_PENALTY, Type.DOUBLE, Level.RECOMMENDED, 0.1, _ASKED),
        (names.GEN_AI_REQUEST_PRESENCE_PENALTY, Type.DOUBLE, Level.RECOMMENDED, 0.1, _ASKED),
        (names.GEN_AI_REQUEST_STOP_SEQUENCES, Type.STRINGS, Level.RECOMMENDED, ["END"], _ASKED),
        (names.GEN_AI_REQUEST_SEED, Type.INT, Level.CONDITIONAL, 7, _ASKED),
        (names.GEN_AI_REQUEST_CHOICE_COUNT, Type.INT, Level.CONDITIONAL, 3, f"{_ASKED}, and it is not 1"),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.GEN_AI_OUTPUT_TYPE, Type.STRING, Level.CONDITIONAL, "json", _ASKED),
        values=constants(names.OutputType),
    ),
    *rows(
        Source.GENAI_NEXT,
        MODELS,
        (names.GEN_AI_REQUEST_REASONING_LEVEL, Type.STRING, Level.RECOMMENDED, "high", _ASKED),
        (
            names.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
            Type.STRING,
            Level.RECOMMENDED,
            "resp_12",
            "the call goes on from a stored answer",
        ),
    ),
    *rows(
        Source.OWN,
        MODELS,
        (names.LANGSPAN_REASONING_BUDGET_TOKENS, Type.INT, Level.RECOMMENDED, 2048, _ASKED),
    ),
    *rows(
        Source.GENAI,
        MODELS,
        (names.OPENAI_API_TYPE, Type.STRING, Level.RECOMMENDED, "responses", "known of OpenAI's own API"),
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
            f"{_ASKED} of OpenAI, and it is not `auto`",
        ),
    ),
    *rows(
        Source.GENAI,
        _EMBEDDINGS,
        (names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT, Type.INT, Level.RECOMMENDED, 1536, "it returned vectors"),
        (names.GEN_AI_REQUEST_ENCODING_FORMATS, Type.STRINGS, Level.RECOMMENDED, ["float"], _ASKED),
    ),
    *rows(
        Source.OWN,
        _EMBEDDINGS,
        (names.LANGCHAIN_EMBEDDINGS_NAME, Type.STRING, Level.RECOMMENDED, "OpenAIEmbeddings", "always"),
        (names.LANGSPAN_EMBEDDINGS_INPUT_COUNT, Type.INT, Level.RECOMMENDED, 3, "texts that can be counted"),
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
            "the provider sends one for each choice; of an agent: its last answer's",
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
        Source.OWN,
        MODELS,
        (
            names.LANGSPAN_CACHE_HIT,
            Type.BOOL,
            Level.CONDITIONAL,
            True,
            "LangChain's cache answered, so no tokens are counted; never `false`",
        ),
    ),
)
USAGE: Final = (
    *rows(
        Source.GENAI,
        MODELS | {AGENT},
        (
            names.GEN_AI_USAGE_INPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            209,
            f"{_COUNTED}, cached ones included; of an agent: its own calls together",
        ),
        (
            names.GEN_AI_USAGE_OUTPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            73,
            f"{_COUNTED}, reasoning included; of an agent: its own calls together",
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
            f"{_COUNTED}; the released name of the next",
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
            f"{_COUNTED}; kept for five minutes",
        ),
        (
            names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
            Type.INT,
            Level.RECOMMENDED,
            64,
            f"{_COUNTED}; kept for an hour",
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
