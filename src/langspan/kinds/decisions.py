"""Model calls that LangChain reports as chains with `run_type="llm"`: decision models, `classify`.

Source: `langchain_core.decisions.BaseDecisionModel`, whose result has `model`, `usage` and `request_id`. The
GenAI conventions have no operation for it and allow names of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from langspan._events import Call, CallbackType, Graph, Started
from langspan._reading import as_list, fields_named
from langspan._values import EMPTY, Attributes, as_id, as_mapping, as_model
from langspan.content.dialogue import answer, question
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import names
from langspan.kinds.base import RunView, no_content
from langspan.kinds.models import CHAT
from langspan.providers.llm_result import Answer, Choice, choice_of_message
from langspan.providers.names import provider_name
from langspan.providers.request import model_request
from langspan.providers.response import model_response
from langspan.providers.usage import token_usage

_OF_RESULT: Final = ("model", "usage", "request_id")


def is_decision(event: Started) -> bool:
    """Return whether a model call that is reported as a chain answers questions about a state."""
    given = event.payload
    return type(given) is dict and "questions" in given and "state" in given


def _target(event: Started, _call: Call | None, _graph: Graph | None) -> str | None:
    return as_model(as_mapping(event.metadata).get("ls_model_name"))


def _provider(event: Started) -> str | None:
    return provider_name(event.metadata, None, event.serialized)


def _at_start(run: RunView, event: Started) -> Attributes:
    return model_request(run.provider, constructor=None, metadata=event.metadata, invocation_params=None)


def _at_end(run: RunView, result: Any) -> Attributes:
    held = fields_named(result, _OF_RESULT)
    usage = as_mapping(held.get("usage"))
    told = Answer([Choice(EMPTY, {"usage_metadata": usage}, EMPTY, EMPTY, is_streamed=False)], EMPTY)
    attributes = token_usage(told, run.provider)
    model, request_id = as_model(held.get("model")), as_id(held.get("request_id"))
    if model is not None:
        attributes[names.GEN_AI_RESPONSE_MODEL] = model
    if request_id is not None:
        attributes[names.GEN_AI_RESPONSE_ID] = request_id
    return attributes


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    return {names.GEN_AI_INPUT_MESSAGES: question(renderer, event.payload, "input")}


def _content_at_end(renderer: ContentRenderer, result: Any, _extra: Mapping[str, Any]) -> Texts:
    return {names.GEN_AI_OUTPUT_MESSAGES: answer(renderer, result, "output")}


DECISION: Final = replace(
    CHAT,
    name="decision",
    operation=names.OwnOperationName.CLASSIFY,
    prefix=names.OwnOperationName.CLASSIFY,
    callback=CallbackType.CHAIN,
    target=_target,
    provider=_provider,
    at_start=_at_start,
    at_end=_at_end,
    at_failure=None,
    content_at_start=_content_at_start,
    content_at_end=_content_at_end,
    content_at_failure=no_content,
)


def _message_at_end(run: RunView, result: Any) -> Attributes:
    """Return what a message tells; of any other result nothing is known."""
    messages = as_list(result)
    told = Answer([choice_of_message(messages[-1] if messages else result)], EMPTY)
    return {**model_response(told, run.provider), **token_usage(told, run.provider)}


GENERATION: Final = replace(
    DECISION,
    name="generate_content",
    operation=names.OperationName.GENERATE_CONTENT,
    prefix=names.OperationName.GENERATE_CONTENT,
    at_end=_message_at_end,
)
