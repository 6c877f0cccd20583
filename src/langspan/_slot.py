"""How LangChain finds our handler: its configure hook asks this slot each time a run's callbacks are made."""

from __future__ import annotations

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from langspan._handler import RecordingHandler


class _IsListening(type):
    def __call__(cls) -> BaseCallbackHandler:
        # LangChain looks into the slot twice, and makes a handler if another thread has emptied it between.
        return BaseCallbackHandler()

    def __instancecheck__(cls, handler: object) -> bool:
        return isinstance(handler, RecordingHandler) and not handler.ignore_chain


class _Listening(metaclass=_IsListening):
    """Handlers of ours that were not silenced: a silenced one lives on in callbacks that somebody keeps."""


class Slot:
    """What LangChain asks for a handler each time it configures a run's callbacks.

    It stands in for a ContextVar, which threads started elsewhere would not see. LangChain has no way to
    unregister it, so an empty slot is how to be absent.
    """

    def __init__(self) -> None:
        self.handler: RecordingHandler | None = None
        self._registered = False

    def get(self) -> RecordingHandler | None:
        handler = self.handler
        if handler is None:
            return None
        recorder = handler.recorder
        return None if recorder.guard.call(recorder.leaves_out_here) else handler

    def fill(self, handler: RecordingHandler) -> None:
        self.handler = handler
        if not self._registered:
            # Inheritable, and a handler of ours that the user passes takes its place.
            register_configure_hook(self, inheritable=True, handle_class=_Listening)  # type: ignore[arg-type]
            self._registered = True
