"""Chains, and everything else that LangChain reports as one: LCEL steps, prompts, parsers, functions.

They are not GenAI operations.

Source: LangChain's `on_chain_start`, `on_chain_end` and `on_chain_error`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import CallbackType, Started
from langspan._reading import is_text
from langspan._values import as_mapping, valid_utf8
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import names
from langspan.kinds.base import RunKind


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    texts: Texts = {}
    if not event.extra.get("defers_inputs"):
        texts[names.LANGCHAIN_INPUT] = renderer.render(event.payload, "input")
    if event.extra.get("run_type") == "prompt":
        for key, value in as_mapping(event.payload).items():
            if is_text(key):
                name = names.LANGCHAIN_PROMPT_VARIABLE_PREFIX + valid_utf8(key)
                texts[name] = renderer.text(value, "prompt_variable")
    return texts


def _content_at_end(renderer: ContentRenderer, result: Any, extra: Mapping[str, Any]) -> Texts:
    output = renderer.render(result, "output")
    return {**_content_at_failure(renderer, extra), names.LANGCHAIN_OUTPUT: output}


def _content_at_failure(renderer: ContentRenderer, extra: Mapping[str, Any]) -> Texts:
    """Return the input of a streamed chain, which is only known from its end or error event."""
    value = extra.get("inputs")
    return {} if value is None else {names.LANGCHAIN_INPUT: renderer.render(value, "input")}


CHAIN: Final = RunKind(
    name="chain",
    operation=None,
    prefix=None,
    span_kind=SpanKind.INTERNAL,
    target_attribute=None,
    callback=CallbackType.CHAIN,
    target=None,
    provider=None,
    at_start=None,
    at_end=None,
    at_failure=None,
    reported_error=None,
    content_at_start=_content_at_start,
    content_at_end=_content_at_end,
    content_at_failure=_content_at_failure,
    metrics=(),
    measure=None,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=True,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)
