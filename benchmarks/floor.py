"""The floor: a bare inline handler that opens and closes an SDK span with seven attributes, and no more.

It has no parents, no context, no bounds and no safety. Whoever traces with OpenTelemetry pays this much.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook
from opentelemetry import trace

ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "scripted",
    "gen_ai.request.model": "scripted-1",
    "gen_ai.conversation.id": "thread-1",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 100,
    "langgraph.node": "model",
}


class FloorHandler(BaseCallbackHandler):
    """Opens a span at every start and closes it at every end; with histograms, records once in each."""

    run_inline = True

    def __init__(self, tracer: trace.Tracer, histograms: list[Any] | None = None) -> None:
        self._tracer = tracer
        self._histograms = histograms
        self._open: dict[Any, trace.Span] = {}

    def _start(self, *_args: Any, run_id: Any, **_kwargs: Any) -> None:
        self._open[run_id] = self._tracer.start_span("run", attributes=ATTRIBUTES)

    def _end(self, *_args: Any, run_id: Any, **_kwargs: Any) -> None:
        self._open.pop(run_id).end()

    def _model_end(self, *_args: Any, run_id: Any, **_kwargs: Any) -> None:
        self._open.pop(run_id).end()
        for histogram in self._histograms or ():
            histogram.record(1.0, ATTRIBUTES)

    on_chat_model_start = on_llm_start = on_chain_start = on_tool_start = on_retriever_start = _start
    on_chain_end = on_chain_error = on_tool_end = on_tool_error = on_retriever_end = on_retriever_error = _end
    on_llm_end = on_llm_error = _model_end


class Slot:
    """Injects a handler into every run while it is set."""

    def __init__(self) -> None:
        self.handler: BaseCallbackHandler | None = None
        register_configure_hook(self, inheritable=True)  # type: ignore[arg-type]

    def get(self) -> BaseCallbackHandler | None:
        return self.handler

    @contextmanager
    def filled(self, handler: BaseCallbackHandler) -> Iterator[None]:
        """Inject a handler for a while."""
        self.handler = handler
        try:
            yield
        finally:
            self.handler = None
