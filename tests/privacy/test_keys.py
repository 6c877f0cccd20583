"""Which keys of LangChain's data are recorded without content: names, ids and request parameters, no others.

Every word of the conventions modules is tried as a key in every place that LangChain or a provider fills.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from langspan import CallbackHandler, content, conventions, kinds, providers
from langspan._events import Started
from langspan.kinds.compressors import COMPRESSION
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.vector_stores import SEARCH
from privacy.judge import sightings
from support.canary import canary
from support.stores import ScriptedCompressor, ScriptedStore
from support.telemetry import Telemetry


def words() -> list[str]:
    """Every identifier among the strings of the modules that translate, and some that stand in none."""
    found = {"headers", "api_key", "password", "anything_else"}
    for package in (content, conventions, kinds, providers):
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            tree = ast.parse(inspect.getsource(importlib.import_module(info.name)))
            found |= {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return sorted(word for word in found if word.isidentifier())


WORDS = words()

Call = Callable[[CallbackHandler, str, Any], None]


def _chat(handler: CallbackHandler, response: Any = None, **event: Any) -> None:
    run_id = uuid.uuid4()
    handler.on_chat_model_start(event.pop("serialized", {}), [[]], run_id=run_id, **event)
    handler.on_llm_end(response or LLMResult(generations=[]), run_id=run_id)


def _answer(handler: CallbackHandler, info: Any = None, output: Any = None, **message: Any) -> None:
    generation = ChatGeneration(message=AIMessage("x", **message), generation_info=info)
    openai = {"ls_provider": "openai"}
    _chat(handler, LLMResult(generations=[[generation]], llm_output=output), metadata=openai)


def _chain(handler: CallbackHandler, **event: Any) -> None:
    run_id = uuid.uuid4()
    handler.on_chain_start(event.pop("serialized", None), {}, run_id=run_id, **event)
    handler.on_chain_end({}, run_id=run_id)


def _tool(handler: CallbackHandler, **event: Any) -> None:
    run_id = uuid.uuid4()
    handler.on_tool_start(event.pop("serialized", {}), "", run_id=run_id, **event)
    handler.on_tool_end("", run_id=run_id)


def _retriever(handler: CallbackHandler, documents: Any = (), **event: Any) -> None:
    run_id = uuid.uuid4()
    handler.on_retriever_start(event.pop("serialized", {}), "", run_id=run_id, **event)
    handler.on_retriever_end(documents, run_id=run_id)


class _Keeper(Embeddings):
    """Keeps a value under a name, and no name of its own."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return []

    def embed_query(self, text: str) -> list[float]:
        return []


def _embeddings(handler: CallbackHandler, **fields: Any) -> None:
    embeddings = _Keeper()
    vars(embeddings).update(fields)
    run_id = uuid.uuid4()
    # There is no callback for it: this is what the patch does.
    handler.recorder.start(
        Started(None, run_id, None, None, None, None, None, ("",), {"embeddings": embeddings}), EMBEDDINGS
    )
    handler.recorder.end(run_id, ())


def _store(handler: CallbackHandler, **fields: Any) -> None:
    run_id = uuid.uuid4()
    store = ScriptedStore()
    vars(store).update(fields)
    extra = {"store": store, "top_k": None, "search_type": "mmr"}
    handler.recorder.start(Started(None, run_id, None, None, None, None, None, "", extra), SEARCH)
    handler.recorder.end(run_id, ())


def _compressor(handler: CallbackHandler, **fields: Any) -> None:
    run_id = uuid.uuid4()
    compressor = ScriptedCompressor(model=None)
    vars(compressor).update(fields)
    extra = {"compressor": compressor, "query": ""}
    handler.recorder.start(Started(None, run_id, None, None, None, None, None, (), extra), COMPRESSION)
    handler.recorder.end(run_id, ())


HOLDERS: dict[str, Call] = {
    "arguments of a call": lambda h, key, value: _chat(h, invocation_params={key: value}),
    "options of a call": lambda h, key, value: _chat(h, options={key: value}),
    "constructor of a model": lambda h, key, value: _chat(h, serialized={"kwargs": {key: value}}),
    "serialized model": lambda h, key, value: _chat(h, serialized={key: value}),
    "metadata of a model": lambda h, key, value: _chat(h, metadata={key: value}),
    "metadata of an answer": lambda h, key, value: _answer(h, response_metadata={key: value}),
    "usage in the metadata of an answer": lambda h, key, value: _answer(
        h, response_metadata={"token_usage": {key: value}}
    ),
    "arguments of an answer": lambda h, key, value: _answer(h, additional_kwargs={key: value}),
    "generation": lambda h, key, value: _answer(h, info={key: value}),
    "output of a model": lambda h, key, value: _answer(h, output={key: value}),
    "serialized chain": lambda h, key, value: _chain(h, serialized={key: value}),
    "metadata of a chain": lambda h, key, value: _chain(h, metadata={key: value}),
    "metadata of a graph": lambda h, key, value: _chain(
        h, metadata={"ls_integration": "langgraph", key: value}
    ),
    "serialized tool": lambda h, key, value: _tool(h, serialized={key: value}),
    "metadata of a tool": lambda h, key, value: _tool(h, metadata={key: value}),
    "serialized retriever": lambda h, key, value: _retriever(h, serialized={key: value}),
    "metadata of a retriever": lambda h, key, value: _retriever(h, metadata={key: value}),
    "embeddings": lambda h, key, value: _embeddings(h, **{key: value}),
    "vector store": lambda h, key, value: _store(h, **{key: value}),
    "compressor": lambda h, key, value: _compressor(h, **{key: value}),
    "metadata of a document": lambda h, key, value: _retriever(h, [Document("x", metadata={key: value})]),
}
MODELS = {"model", "model_name", "model_id", "azure_deployment", "deployment_name", "repo_id"}
EMBEDDING_MODELS = {"deployment", "model", "model_id", "model_name", "repo_id"}
RERANKERS = {"model", "model_arn", "model_id", "model_name"}
FORMATS = {"embedding_types", "encoding_format"}
SERVERS = {
    "anthropic_api_url",
    "api_base",
    "azure_endpoint",
    "base_url",
    "endpoint",
    "endpoint_url",
    "fireworks_api_base",
    "groq_api_base",
    "host",
    "openai_api_base",
    "xai_api_base",
}
PARAMETERS = {
    "effort",
    "ls_stop",
    "previous_response_id",
    "reasoning",
    "reasoning_effort",
    "stop",
    "stopSequences",
    "stop_sequences",
    "thinking_config",
    "thinking_level",
}
# Arguments that hold more arguments, and so one of the above.
NESTED = {
    "additional_model_request_fields",
    "extra_body",
    "generation_config",
    "inferenceConfig",
    "inference_config",
    "model_kwargs",
    "options",
    "output_config",
    "thinking",
}
ANYWHERE = {"conversation_id", "session_id", "thread_id", "user_id", "lc_hub_repo", "lc_source"}
GRAPHS = {
    "assistant_id",
    "checkpoint_id",
    "graph_id",
    "langgraph_checkpoint_ns",
    "langgraph_node",
    "langgraph_triggers",
}
REASONS = {"done_reason", "finishReason", "finish_reason", "stopReason", "stop_reason"}
ANSWER = {"id", "model", "model_name", "service_tier", "system_fingerprint"}
RECORDED: dict[str, set[str]] = {
    "arguments of a call": MODELS | SERVERS | PARAMETERS | NESTED,
    "options of a call": SERVERS | PARAMETERS | NESTED,
    "constructor of a model": MODELS | SERVERS | PARAMETERS | NESTED,
    "serialized model": {"kwargs"},
    "metadata of a model": ANYWHERE | {"ls_model_name", "ls_provider", "ls_stop"},
    "metadata of an answer": ANSWER | REASONS,
    "usage in the metadata of an answer": set(),
    "arguments of an answer": set(),
    "generation": REASONS,
    "output of a model": ANSWER,
    "serialized chain": {"id", "name"},
    "metadata of a chain": ANYWHERE,
    "metadata of a graph": ANYWHERE | GRAPHS,
    "serialized tool": {"name", "description"},
    "metadata of a tool": ANYWHERE | {"lc_agent_name"},
    "serialized retriever": {"id", "name"},
    "metadata of a retriever": ANYWHERE | {"ls_embedding_model", "ls_vector_store_provider"},
    "embeddings": EMBEDDING_MODELS | SERVERS | FORMATS | {"model_kwargs"},
    "vector store": set(),
    "compressor": RERANKERS,
    "metadata of a document": set(),
}
# What may be an address, which may carry a password or a key.
ADDRESSES = SERVERS | MODELS | EMBEDDING_MODELS | RERANKERS | {"ls_model_name", "ls_embedding_model"}


def recorded(holder: str, value: Callable[[str], Any]) -> set[str]:
    """The words under which a value, made of a canary, gets out of a holder."""
    telemetry = Telemetry()
    handler = CallbackHandler(telemetry.provider)
    for number, word in enumerate(WORDS):
        HOLDERS[holder](handler, word, value(canary(f"w{number}")))
    found = set().union(*sightings(telemetry).values(), set())
    return {WORDS[int(name[1:])] for name in found}


def address(text: str) -> str:
    return f"https://{text}:{text}@models.test:8443/{text}?key={text}#{text}"


@pytest.mark.parametrize("holder", HOLDERS)
def test_only_these_keys_are_recorded(holder: str) -> None:
    """As text, in a list, or one level down under every key there is."""
    shapes: list[Callable[[str], Any]] = [str, lambda text: [text], lambda text: dict.fromkeys(WORDS, text)]
    assert RECORDED[holder] == set().union(*(recorded(holder, shape) for shape in shapes))


@pytest.mark.parametrize("holder", HOLDERS)
def test_of_an_address_only_host_and_port_are_recorded(holder: str) -> None:
    """A model's name that is an address with more than that is left out."""
    assert set() == recorded(holder, address) & ADDRESSES
    assert set() == recorded(holder, lambda text: dict.fromkeys(ADDRESSES, address(text)))
