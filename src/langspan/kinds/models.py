"""Chat models and completion models: `chat` and `text_completion`.

Source: OpenTelemetry GenAI conventions (inference span); LangChain's `on_chat_model_start`,
`on_llm_start`, `on_llm_end` and `on_llm_error`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, CallbackType, Graph, Started
from langspan._values import EMPTY, Attributes, as_mapping
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import metrics, names
from langspan.conventions.measurements import Measurement, inference_measurements, measured
from langspan.kinds.base import AgentCall, RunKind, RunView
from langspan.providers.llm_result import answer_of
from langspan.providers.names import provider_name
from langspan.providers.request import model_request, request_model
from langspan.providers.response import is_cache_hit, model_response, told_response
from langspan.providers.usage import token_usage


def _target(event: Started, call: Call | None, _graph: Graph | None) -> str | None:
    metadata, params = event.metadata, event.extra.get("invocation_params")
    return request_model(
        metadata if type(metadata) is dict else as_mapping(metadata),
        params if type(params) is dict else as_mapping(params),
        _kwargs(event),
        None if call is None else call.arguments,
    )


def _kwargs(event: Started) -> Mapping[str, Any]:
    """Return the constructor arguments in LangChain's description of the model."""
    described = event.serialized
    if type(described) is not dict:
        described = as_mapping(described)
    return as_mapping(described["kwargs"]) if "kwargs" in described else EMPTY


def _provider(event: Started) -> str | None:
    return provider_name(event.metadata, event.extra.get("invocation_params"), event.serialized)


def _at_start(run: RunView, event: Started) -> Attributes:
    call = run.call
    attributes = model_request(
        run.provider,
        # A model that LangChain cannot serialize has fields instead.
        constructor=_kwargs(event) or (None if call is None else call.fields),
        metadata=event.metadata,
        invocation_params=event.extra.get("invocation_params"),
        options=event.extra.get("options"),
        arguments=call.arguments if call is not None else None,
    )
    if call is not None and call.streams:
        attributes[names.GEN_AI_REQUEST_STREAM] = True
    return attributes


def _at_end(run: RunView, result: Any) -> Attributes:
    provider, answer = run.provider, answer_of(result)
    attributes = model_response(answer, provider)
    if run.told:
        attributes = {**told_response(run.told, provider), **attributes}
    if is_cache_hit(answer):
        attributes[names.LANGSPAN_CACHE_HIT] = True
    else:
        attributes.update(token_usage(answer, provider))
    if run.first_chunk is not None:
        attributes.update(_streaming(run))
    return attributes


def _at_failure(run: RunView, extra: Mapping[str, Any]) -> Attributes:
    """Return the attributes of the partial answer, if there is one."""
    response = extra.get("response")
    if response is not None:
        return _at_end(run, response)
    return {**told_response(run.told, run.provider), **_streaming(run)}


def _streaming(run: RunView) -> Attributes:
    if run.first_chunk is None:
        return {}
    return {
        names.GEN_AI_REQUEST_STREAM: True,
        names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: (run.first_chunk - run.started) / 1e9,
    }


def _chat_content(renderer: ContentRenderer, event: Started) -> Texts:
    messages = event.payload[0] if event.payload else []
    conversation = renderer.conversation
    return {
        names.GEN_AI_SYSTEM_INSTRUCTIONS: conversation.system(messages),
        names.GEN_AI_INPUT_MESSAGES: conversation.input(messages),
        names.GEN_AI_TOOL_DEFINITIONS: conversation.tools(event.extra.get("invocation_params"), schemas=True),
    }


def _completion_content(renderer: ContentRenderer, event: Started) -> Texts:
    return {names.GEN_AI_INPUT_MESSAGES: renderer.conversation.prompts(event.payload)}


def _content_at_end(renderer: ContentRenderer, result: Any, _extra: Mapping[str, Any]) -> Texts:
    return {names.GEN_AI_OUTPUT_MESSAGES: renderer.conversation.output(result)}


def _content_at_failure(renderer: ContentRenderer, extra: Mapping[str, Any]) -> Texts:
    response = extra.get("response")
    return _content_at_end(renderer, response, extra) if response is not None else {}


def _measure(run: RunView, attributes: Attributes, seconds: float, latest: bool) -> list[Measurement]:
    found = inference_measurements(attributes, seconds, latest=latest)
    if names.LANGSPAN_COST_AMOUNT in attributes:
        found.append(_cost(run, attributes))
    return found


def _cost(run: RunView, attributes: Attributes) -> Measurement:
    values: Any = attributes
    agent = {} if run.agent_name is None else {names.GEN_AI_AGENT_NAME: run.agent_name}
    return measured(metrics.COST, values[names.LANGSPAN_COST_AMOUNT], {**values, **agent})


CHAT: Final = RunKind(
    name="chat",
    operation=names.OperationName.CHAT,
    prefix=names.OperationName.CHAT,
    span_kind=SpanKind.CLIENT,
    target_attribute=names.GEN_AI_REQUEST_MODEL,
    callback=CallbackType.CHAT_MODEL,
    target=_target,
    provider=_provider,
    at_start=_at_start,
    at_end=_at_end,
    at_failure=_at_failure,
    reported_error=None,
    content_at_start=_chat_content,
    content_at_end=_content_at_end,
    content_at_failure=_content_at_failure,
    metrics=metrics.OF_INFERENCE,
    measure=_measure,
    counts_as=AgentCall.MODEL,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=True,
)
COMPLETION: Final = replace(
    CHAT,
    name="text_completion",
    operation=names.OperationName.TEXT_COMPLETION,
    prefix=names.OperationName.TEXT_COMPLETION,
    callback=CallbackType.LLM,
    content_at_start=_completion_content,
)
