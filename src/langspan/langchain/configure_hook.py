"""How LangChain finds our handler: its configure hook asks this slot each time a run's callbacks are made."""

from __future__ import annotations

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from langspan.langchain.handler import RecordingHandler


class _IsActive(type):
    def __call__(cls) -> BaseCallbackHandler:
        # LangChain looks into the slot twice, and makes a handler if another thread has emptied it between.
        return BaseCallbackHandler()

    def __instancecheck__(cls, handler: object) -> bool:
        return isinstance(handler, RecordingHandler) and not handler.ignore_chain


class _ActiveHandler(metaclass=_IsActive):
    """Handlers of ours that were not silenced: a silenced one lives on in callbacks that somebody keeps."""


class ConfigureHook:
    """What LangChain asks for a handler each time it configures a run's callbacks.

    It stands in for a ContextVar, which threads started elsewhere would not see. LangChain has no way to
    unregister it, so an empty slot is how to be absent.
    """

    def __init__(self) -> None:
        self.handler: RecordingHandler | None = None
        self._registered = False

    def get(self) -> RecordingHandler | None:
        """The handler for a run that is about to be configured; None if nothing of it would be recorded."""
        handler = self.handler
        if handler is None:
            return None
        recorder = handler.recorder
        return None if recorder.guard.call(recorder.in_unsampled_trace) else handler

    def fill(self, handler: RecordingHandler) -> None:
        """Have LangChain find `handler` from now on."""
        self.handler = handler
        if not self._registered:
            # Inheritable, and a handler of ours that the user passes takes its place.
            register_configure_hook(self, inheritable=True, handle_class=_ActiveHandler)  # type: ignore[arg-type]
            self._registered = True
