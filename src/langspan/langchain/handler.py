"""LangChain's callbacks, handed on to the recorder, which contains its own failures. No decisions here.

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

# Looked up once: an enum's members are slow to reach on the oldest Python we support.
_CHAT_MODEL, _LLM, _CHAIN = CallbackType.CHAT_MODEL, CallbackType.LLM, CallbackType.CHAIN
_TOOL, _RETRIEVER = CallbackType.TOOL, CallbackType.RETRIEVER


class RecordingHandler(BaseCallbackHandler):
    """Turns the events of LangChain's runs into records.

    One object serves any number of runs, threads and event loops at once.

    Args:
        recorder: What the events are handed to.
    """

    # In the caller's own thread and task: anything else makes streams many times slower, and can wait for
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
        """Make LangChain pass over this handler, wherever a copy of the list it is in lives on."""
        for name in ("llm", "chat_model", "chain", "agent", "retriever", "retry", "custom_event"):
            setattr(self, f"ignore_{name}", True)

    # Properties in LangChain; attributes can be switched.
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
        """A chat model is about to be called."""
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
        """A completion model is about to be called."""
        self.recorder.start(
            Started(_LLM, run_id, parent_run_id, name, serialized, tags, metadata, prompts, kwargs)
        )

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any) -> None:
        """A model has streamed a chunk."""
        self.recorder.chunk(run_id, token, chunk)

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A model has streamed an event of the content-block protocol."""
        self.recorder.chunk(run_id, event, None)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A model has answered."""
        self.recorder.end(run_id, response)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A model call has failed, or its stream was left."""
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
        """A chain, step, graph or node is about to run."""
        self.recorder.start(
            Started(_CHAIN, run_id, parent_run_id, name, serialized, tags, metadata, inputs, kwargs)
        )

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain, step, graph or node has returned."""
        self.recorder.end(run_id, outputs, kwargs)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain, step, graph or node has raised."""
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
        """A tool is about to run."""
        self.recorder.start(
            Started(_TOOL, run_id, parent_run_id, name, serialized, tags, metadata, input_str, kwargs)
        )

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool has returned."""
        self.recorder.end(run_id, output)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool has raised."""
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
        """A retriever is about to search."""
        self.recorder.start(
            Started(_RETRIEVER, run_id, parent_run_id, name, serialized, tags, metadata, query, kwargs)
        )

    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **kwargs: Any) -> None:
        """A retriever has found documents."""
        self.recorder.end(run_id, documents)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A retriever has raised."""
        self.recorder.fail(run_id, error, kwargs)

    # -- things that happen during a run

    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The application has dispatched an event of its own."""
        self.recorder.add_event(run_id, span_events.custom_event, name, data)

    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A model call is tried again inside one run."""
        self.recorder.add_event(run_id, span_events.retry, retry_state)

    def on_text(self, text: str, *, run_id: UUID, **kwargs: Any) -> None:
        """A classic chain has produced intermediate text."""
        self.recorder.add_event(run_id, span_events.text, text)

    def on_agent_action(self, action: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A classic agent has chosen a tool."""
        self.recorder.add_event(run_id, span_events.agent_action, action)

    def on_agent_finish(self, finish: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A classic agent is done."""
        self.recorder.add_event(run_id, span_events.agent_finish, finish)

    def on_interrupt(self, event: Any) -> None:
        """A LangGraph graph has stopped and waits for its user."""
        self.recorder.interrupted(event)

    def on_resume(self, event: Any) -> None:
        """A LangGraph graph goes on after an interrupt."""
        self.recorder.resumed(event)


# LangGraph's TracePolicy redacts what it shows to tracers. We are one, but inheriting from BaseTracer would
# cost many times more per event.
BaseTracer.register(RecordingHandler)
