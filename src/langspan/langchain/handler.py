"""LangChain's callbacks, passed on to the recorder, which contains its own failures. No decisions here.

Source: `langchain_core.callbacks.base.BaseCallbackHandler` and `langgraph.callbacks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.base import BaseTracer

from langspan._events import CallbackType, Started
from langspan.recording import span_events
from langspan.recording.recorder import Recorder

# Looked up once, because enum members are slow to access on the oldest supported Python.
_CHAT_MODEL, _LLM, _CHAIN = CallbackType.CHAT_MODEL, CallbackType.LLM, CallbackType.CHAIN
_TOOL, _RETRIEVER = CallbackType.TOOL, CallbackType.RETRIEVER


class RecordingHandler(BaseCallbackHandler):
    """A callback handler that passes the events of LangChain's runs to a recorder.

    One handler serves any number of runs, threads and event loops at once.

    Args:
        recorder: The recorder of the runs.
    """

    # In the caller's own thread and task: otherwise streams are many times slower, and events can wait for
    # seconds behind a busy executor.
    run_inline = True

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __copy__(self) -> RecordingHandler:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> RecordingHandler:
        return self

    def silence(self) -> None:
        """Make LangChain skip this handler, even in copies of callback lists that live on."""
        for name in ("llm", "chat_model", "chain", "agent", "retriever", "retry", "custom_event"):
            setattr(self, f"ignore_{name}", True)

    # Properties in LangChain, but attributes here, so that `silence` can set them.
    ignore_llm = False
    ignore_chat_model = False
    ignore_chain = False
    ignore_agent = False
    ignore_retriever = False
    ignore_retry = False
    ignore_custom_event = False

    # -- models

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Start the run of a chat model."""
        self.recorder.start(
            Started(
                CallbackType.CHAT_MODEL,
                run_id,
                parent_run_id,
                name,
                serialized,
                tags,
                metadata,
                messages,
                kwargs,
            )
        )

    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Start the run of a completion model."""
        self.recorder.start(
            Started(_LLM, run_id, parent_run_id, name, serialized, tags, metadata, prompts, kwargs)
        )

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any) -> None:
        """Record a chunk that a model has streamed."""
        self.recorder.chunk(run_id, token, chunk)

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record a streamed event of the content-block protocol."""
        self.recorder.chunk(run_id, event, None)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a model with its response."""
        self.recorder.end(run_id, response)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a model that failed or whose stream was closed early."""
        self.recorder.fail(run_id, error, kwargs)

    # -- chains, graphs, nodes, agents

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Start the run of a chain, step, graph or node."""
        self.recorder.start(
            Started(_CHAIN, run_id, parent_run_id, name, serialized, tags, metadata, inputs, kwargs)
        )

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a chain, step, graph or node with its output."""
        self.recorder.end(run_id, outputs, kwargs)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a chain, step, graph or node that raised."""
        self.recorder.fail(run_id, error, kwargs)

    # -- tools

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Start the run of a tool."""
        self.recorder.start(
            Started(_TOOL, run_id, parent_run_id, name, serialized, tags, metadata, input_str, kwargs)
        )

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a tool with its output."""
        self.recorder.end(run_id, output)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a tool that raised."""
        self.recorder.fail(run_id, error, kwargs)

    # -- retrievers

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Start the run of a retriever."""
        self.recorder.start(
            Started(_RETRIEVER, run_id, parent_run_id, name, serialized, tags, metadata, query, kwargs)
        )

    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a retriever with its documents."""
        self.recorder.end(run_id, documents)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the run of a retriever that raised."""
        self.recorder.fail(run_id, error, kwargs)

    # -- events during a run

    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record a custom event of the application."""
        self.recorder.add_event(run_id, span_events.custom_event, name, data)

    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record the retry of a model call inside one run."""
        self.recorder.add_event(run_id, span_events.retry, retry_state)

    def on_text(self, text: str, *, run_id: UUID, **kwargs: Any) -> None:
        """Record the intermediate text of a classic chain."""
        self.recorder.add_event(run_id, span_events.text, text)

    def on_agent_action(self, action: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record the tool that a classic agent has chosen."""
        self.recorder.add_event(run_id, span_events.agent_action, action)

    def on_agent_finish(self, finish: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Record that a classic agent has finished."""
        self.recorder.add_event(run_id, span_events.agent_finish, finish)

    def on_interrupt(self, event: Any) -> None:
        """Record that a LangGraph graph has stopped to wait for its user."""
        self.recorder.interrupted(event)

    def on_resume(self, event: Any) -> None:
        """Record that a LangGraph graph resumes after an interrupt."""
        self.recorder.resumed(event)


# LangGraph's `TracePolicy` redacts what tracers receive. This handler is one, but inheriting from
# `BaseTracer` would cost many times more per event.
BaseTracer.register(RecordingHandler)
