"""Every public method of LangChain's and LangGraph's classes that runs something, and how to call it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, api
from langchain_core.language_models import BaseChatModel
from langchain_core.prompt_values import ChatPromptValue, StringPromptValue
from langchain_core.runnables import Runnable

from langspan.langchain.patches.hooks import VECTOR_SEARCHES

Way = Callable[[Any, Any, dict[str, Any]], Any]
"""Called with the object, its input and a config; may return a coroutine or a stream."""


def run(name: str, way: Way, subject: Any, value: Any, config: Mapping[str, Any]) -> Any:
    """Call a method in a way, in an event loop if its name says so, and read what it streams."""

    async def in_a_loop() -> Any:
        result = way(subject, value, dict(config))
        if inspect.isawaitable(result):
            result = await result
        return [item async for item in result] if hasattr(result, "__aiter__") else result

    if name.startswith("a"):
        return asyncio.run(in_a_loop())
    result = way(subject, value, dict(config))
    return list(result) if name.startswith(_STREAMS) else result


_STREAMS = ("stream", "transform", "batch_as_completed")


async def _one(value: Any) -> AsyncIterator[Any]:
    yield value


def _call(name: str, **options: Any) -> Way:
    return lambda subject, value, config: getattr(subject, name)(value, config, **options)


def _spelled_out(name: str, wrap: Callable[[Any], Any] = lambda value: value) -> Way:
    """A method that takes the parts of a config as keywords."""
    return lambda subject, value, config: getattr(subject, name)(
        wrap(value), **{key: config[key] for key in ("metadata", "tags") if key in config}
    )


def _alone(name: str, wrap: Callable[[Any], Any] = lambda value: value) -> Way:
    return lambda subject, value, config: getattr(subject, name)(wrap(value))


def _in_list(value: Any) -> list[Any]:
    return [value]


def _documents(value: Any) -> list[Document]:
    return [Document(value, id=value, metadata={"source": value})]


def _found(value: Any) -> list[Document]:
    """Documents as they come from a retriever, whose ids are no content."""
    return [Document(value, id="d1", metadata={"source": value})]


def _target(store: Any) -> tuple[Any, Any]:
    manager = InMemoryRecordManager(store.namespace)
    manager.create_schema()
    return manager, store


def _key(document: Document) -> str:
    return document.page_content


def _chat_prompts(messages: Any) -> list[Any]:
    return [ChatPromptValue(messages=messages)]


def _steps(values: Any) -> list[list[Any]]:
    from langgraph.types import StateUpdate

    return [[StateUpdate(values)]]


def _string_prompts(prompt: Any) -> list[Any]:
    return [StringPromptValue(text=prompt)]


_NEWEST_STREAMS: dict[str, Way] = {
    "stream_events": _call("stream_events", version="v3"),
    "astream_events v3": _call("astream_events", version="v3"),
}


def _newest_streams(cls: type) -> dict[str, Way]:
    return _NEWEST_STREAMS if hasattr(cls, "stream_events") else {}


# In batches of two the first failure would leave it open whether the second run ends in time.
_ALL = {"return_exceptions": True}

RUNNABLE: dict[str, Way] = {
    "invoke": _call("invoke"),
    "batch": lambda subject, value, config: subject.batch([value], config),
    "batch_as_completed": lambda subject, value, config: subject.batch_as_completed(
        [value, value], config, **_ALL
    ),
    "stream": _call("stream"),
    "transform": lambda subject, value, config: subject.transform(iter([value]), config),
    "ainvoke": _call("ainvoke"),
    "abatch": lambda subject, value, config: subject.abatch([value, value], config, **_ALL),
    "abatch_as_completed": lambda subject, value, config: subject.abatch_as_completed([value], config),
    "astream": _call("astream"),
    "atransform": lambda subject, value, config: subject.atransform(_one(value), config),
    "astream_events": _call("astream_events", version="v2"),
    "astream_log": _call("astream_log"),
}
CHAT: dict[str, Way] = {
    **RUNNABLE,
    "generate": _spelled_out("generate", _in_list),
    "agenerate": _spelled_out("agenerate", _in_list),
    "generate_prompt": _spelled_out("generate_prompt", _chat_prompts),
    "agenerate_prompt": _spelled_out("agenerate_prompt", _chat_prompts),
}
STREAMING_CHAT: dict[str, Way] = {**CHAT, **_newest_streams(BaseChatModel)}
LLM: dict[str, Way] = {
    **RUNNABLE,
    "generate": _spelled_out("generate", _in_list),
    "agenerate": _spelled_out("agenerate", _in_list),
    "generate_prompt": _spelled_out("generate_prompt", _string_prompts),
    "agenerate_prompt": _spelled_out("agenerate_prompt", _string_prompts),
}
RETRIEVER = RUNNABLE
TOOL: dict[str, Way] = {**RUNNABLE, "run": _spelled_out("run"), "arun": _spelled_out("arun")}
GRAPH: dict[str, Way] = {**RUNNABLE, **_newest_streams(Runnable)}
GRAPH_STATE: dict[str, Way] = {
    "update_state": lambda subject, value, config: subject.update_state(config, value),
    "aupdate_state": lambda subject, value, config: subject.aupdate_state(config, value),
    "bulk_update_state": lambda subject, value, config: subject.bulk_update_state(config, _steps(value)),
    "abulk_update_state": lambda subject, value, config: subject.abulk_update_state(config, _steps(value)),
}
EMBEDDINGS: dict[str, Way] = {
    "embed_query": _alone("embed_query"),
    "embed_documents": _alone("embed_documents", _in_list),
    "aembed_query": _alone("aembed_query"),
    "aembed_documents": _alone("aembed_documents", _in_list),
}
VECTOR_STORE: dict[str, Way] = {
    **{name: _alone(name) for name in VECTOR_SEARCHES if "by_vector" not in name},
    **{name: _alone(name, lambda _: [0.5]) for name in VECTOR_SEARCHES if "by_vector" in name},
    "search": lambda subject, value, config: subject.search(value, "mmr"),
    "asearch": lambda subject, value, config: subject.asearch(value, "similarity"),
    "add_texts": _alone("add_texts", _in_list),
    "aadd_texts": _alone("aadd_texts", _in_list),
    "add_documents": _alone("add_documents", _documents),
    "aadd_documents": _alone("aadd_documents", _documents),
    "delete": _alone("delete", _in_list),
    "adelete": _alone("adelete", _in_list),
    "index": lambda subject, value, config: api.index(_documents(value), *_target(subject), key_encoder=_key),
    "aindex": lambda subject, value, config: api.aindex(
        _documents(value), *_target(subject), key_encoder=_key
    ),
}
COMPRESSOR: dict[str, Way] = {
    "compress_documents": lambda subject, value, config: subject.compress_documents(_found(value), value),
    "acompress_documents": lambda subject, value, config: subject.acompress_documents(_found(value), value),
}

# Public methods that run nothing: they make another runnable, describe one, or deal with stored state.
MAKERS = frozenset(
    {
        "as_tool",
        "asdict",
        "assign",
        "bind",
        "bind_tools",
        "configurable_alternatives",
        "configurable_fields",
        "map",
        "pick",
        "pipe",
        "with_alisteners",
        "with_config",
        "with_fallbacks",
        "with_listeners",
        "with_retry",
        "with_structured_output",
        "with_types",
        "as_retriever",
        "from_documents",
        "afrom_documents",
        "from_texts",
        "afrom_texts",
    }
)
DESCRIBERS = frozenset(
    {
        "config_schema",
        "get_config_jsonschema",
        "get_context_jsonschema",
        "get_graph",
        "aget_graph",
        "get_input_jsonschema",
        "get_input_schema",
        "get_lc_namespace",
        "get_name",
        "get_num_tokens",
        "get_num_tokens_from_messages",
        "get_output_jsonschema",
        "get_output_schema",
        "get_prompts",
        "get_state",
        "aget_state",
        "get_state_history",
        "aget_state_history",
        "get_subgraphs",
        "aget_subgraphs",
        "get_token_ids",
        "is_lc_serializable",
        "lc_id",
        "save",
        "set_verbose",
        "to_json",
        "to_json_not_implemented",
        "clear_cache",
        "aclear_cache",
        "copy",
        "validate",
        "get_by_ids",
        "aget_by_ids",
    }
)
