"""From LangChain's data to what is written on a span: which pure function serves which kind of run.

Nothing here has an effect. What is done once per span and needs no content is in `at_creation` and
`at_start`; content is added only where the settings ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from langspan._events import Category, Started
from langspan._run import Run
from langspan.conventions import names
from langspan.conventions._values import Attributes, as_mapping, as_str
from langspan.conventions.agents import agent_end, answer
from langspan.conventions.embeddings import (
    embeddings_end,
    embeddings_model,
    embeddings_provider,
    embeddings_start,
)
from langspan.conventions.operations import (
    GENAI_KINDS,
    GRAPH_KINDS,
    MODEL_KINDS,
    Graph,
    Kind,
    Operation,
    chain_operation,
    operation,
)
from langspan.conventions.providers import provider_name
from langspan.conventions.request import model_request, request_model
from langspan.conventions.response import is_cache_hit, model_response
from langspan.conventions.retrieval import retriever_end, retriever_start
from langspan.conventions.run import conversation_id, run_attributes
from langspan.conventions.tools import tool_start
from langspan.conventions.usage import token_usage

# Looked up once: an enum's members are slow to reach on the oldest Python we support.
_RETRIEVER, _AGENT, _EMBEDDINGS = Kind.RETRIEVER, Kind.AGENT, Kind.EMBEDDINGS


class Translator:
    """Translates the events of runs; without content, which is `langspan._contents`'s."""

    def operation(self, event: Started, parent: Run | None, graph: Graph | None) -> Operation:
        """What a run is recorded as."""
        if event.category is Category.CHAIN:
            inside_graph = parent is not None and parent.inside_graph
            # Chain groups and classic chains have their name only here.
            name = as_str(event.name) or as_str(as_mapping(event.serialized).get("name"))
            return chain_operation(name, event.tags, event.metadata, inside_graph=inside_graph, graph=graph)
        kind, target = _TARGETS[event.category]
        return operation(kind, target(event))

    def at_creation(self, run: Run, event: Started) -> Attributes:
        """What a sampler may want to see of a span that may not be recorded. Cheap.

        The operation, what it acts on and with whom, and the conversation, which nested runs inherit.
        """
        kind, _, target = run.operation
        attributes: Attributes = {}
        if kind in GENAI_KINDS:
            attributes[names.GEN_AI_OPERATION_NAME] = kind.value
        if target is not None:
            attributes[_TARGET_ATTRIBUTE[kind]] = target
        conversation = conversation_id(event.metadata) or run.conversation
        if conversation is not None:
            run.conversation = attributes[names.GEN_AI_CONVERSATION_ID] = conversation
        find_provider = _PROVIDERS.get(event.category)
        provider = find_provider(event) if find_provider is not None else None
        if provider is not None:
            attributes[names.GEN_AI_PROVIDER_NAME] = provider
        return attributes

    def at_start(self, run: Run, event: Started) -> Attributes:
        """All else that is known before the run's body runs."""
        kind = run.operation.kind
        attributes = run_attributes(event.metadata, event.tags, in_graph=kind in GRAPH_KINDS)
        describe = _START.get(event.category)
        if describe is not None:
            attributes.update(describe(run, event))
        return attributes

    def at_end(self, run: Run, result: Any) -> Attributes:
        """What a run that returned has to tell."""
        kind = run.operation.kind
        if kind in MODEL_KINDS:
            return self._model_end(run, result)
        if kind is _RETRIEVER:
            return retriever_end(result)
        if kind is _AGENT:
            return agent_end(run.answers)
        if kind is _EMBEDDINGS:
            return embeddings_end(result)
        return {}

    def at_failure(self, run: Run, extra: Mapping[str, Any]) -> Attributes:
        """What a run that raised has to tell: for a model, the part of the answer that had come."""
        kind = run.operation.kind
        if kind is _AGENT:
            return agent_end(run.answers)
        if kind in MODEL_KINDS:
            response = extra.get("response")
            return self._model_end(run, response) if response is not None else self._streaming(run)
        return {}

    def _model_end(self, run: Run, result: Any) -> Attributes:
        provider = as_str(run.facts.get(names.GEN_AI_PROVIDER_NAME))
        attributes = model_response(result, provider)
        if is_cache_hit(result):
            attributes[names.LANGSPAN_CACHE_HIT] = True
        else:
            attributes.update(token_usage(result, provider))
        if run.agent is not None:
            run.agent.answers.append(answer(run.operation.target, attributes))
        attributes.update(self._streaming(run))
        return attributes

    def _streaming(self, run: Run) -> Attributes:
        if run.first_chunk is None:
            return {}
        return {
            names.GEN_AI_REQUEST_STREAM: True,
            names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: (run.first_chunk - run.started) / 1e9,
        }


def _model_target(event: Started) -> str | None:
    return request_model(
        as_mapping(event.metadata),
        as_mapping(event.extra.get("invocation_params")),
        as_mapping((event.serialized or {}).get("kwargs")),
    )


def _tool_target(event: Started) -> str | None:
    return as_str(as_mapping(event.serialized).get("name")) or as_str(event.name)


def _retriever_target(event: Started) -> str | None:
    return as_str(event.name)


def _embeddings_target(event: Started) -> str | None:
    return embeddings_model(event.extra.get("embeddings"))


_TARGETS: Final[Mapping[Category, tuple[Kind, Callable[[Started], str | None]]]] = {
    Category.CHAT_MODEL: (Kind.CHAT, _model_target),
    Category.LLM: (Kind.COMPLETION, _model_target),
    Category.TOOL: (Kind.TOOL, _tool_target),
    Category.RETRIEVER: (Kind.RETRIEVER, _retriever_target),
    Category.EMBEDDINGS: (Kind.EMBEDDINGS, _embeddings_target),
}
_TARGET_ATTRIBUTE: Final[Mapping[Kind, str]] = {
    Kind.CHAT: names.GEN_AI_REQUEST_MODEL,
    Kind.COMPLETION: names.GEN_AI_REQUEST_MODEL,
    Kind.EMBEDDINGS: names.GEN_AI_REQUEST_MODEL,
    Kind.TOOL: names.GEN_AI_TOOL_NAME,
    Kind.RETRIEVER: names.LANGCHAIN_RETRIEVER_NAME,
    Kind.AGENT: names.GEN_AI_AGENT_NAME,
    Kind.WORKFLOW: names.GEN_AI_WORKFLOW_NAME,
    Kind.NODE: names.LANGGRAPH_NODE,
}


def _model_provider(event: Started) -> str | None:
    return provider_name(event.metadata, event.extra.get("invocation_params"), event.serialized)


def _embeddings_provider(event: Started) -> str | None:
    return embeddings_provider(event.extra.get("embeddings"))


_PROVIDERS: Final[Mapping[Category, Callable[[Started], str | None]]] = {
    Category.CHAT_MODEL: _model_provider,
    Category.LLM: _model_provider,
    Category.EMBEDDINGS: _embeddings_provider,
}


def _model_start(run: Run, event: Started) -> Attributes:
    attributes = model_request(
        as_str(run.facts.get(names.GEN_AI_PROVIDER_NAME)),
        constructor=_constructor(run, event),
        metadata=event.metadata,
        invocation_params=event.extra.get("invocation_params"),
        options=event.extra.get("options"),
        arguments=run.call.arguments if run.call is not None else None,
    )
    if run.call is not None and run.call.streams:
        attributes[names.GEN_AI_REQUEST_STREAM] = True
    return attributes


def _constructor(run: Run, event: Started) -> Mapping[str, Any]:
    """What a model was made with; a class that LangChain cannot serialise tells it by its fields only."""
    kwargs = as_mapping(as_mapping(event.serialized).get("kwargs"))
    return kwargs if kwargs or run.call is None else as_mapping(run.call.fields)


def _tool_start(run: Run, event: Started) -> Attributes:
    call_id = event.extra.get("tool_call_id")
    if call_id is None and run.call is not None:
        call_id = run.call.arguments.get("tool_call_id")  # where older versions of LangChain leave it
    attributes = tool_start(
        serialized=event.serialized,
        tool_call_id=call_id,
        metadata=event.metadata,
        name=event.name,
    )
    if run.agent is not None and run.agent.operation.target is not None:
        attributes[names.GEN_AI_AGENT_NAME] = run.agent.operation.target
    return attributes


def _retriever_start(run: Run, event: Started) -> Attributes:
    return retriever_start(
        serialized=event.serialized,
        metadata=event.metadata,
        name=event.name,
        fields=run.call.fields if run.call is not None else None,
        arguments=run.call.arguments if run.call is not None else None,
    )


def _embeddings_start(_run: Run, event: Started) -> Attributes:
    return embeddings_start(event.extra.get("embeddings"), event.payload)


_START: Final[Mapping[Category, Callable[[Run, Started], Attributes]]] = {
    Category.CHAT_MODEL: _model_start,
    Category.LLM: _model_start,
    Category.TOOL: _tool_start,
    Category.RETRIEVER: _retriever_start,
    Category.EMBEDDINGS: _embeddings_start,
}
