"""The configure hook through which LangChain finds our handler whenever it configures a run's callbacks.

Source: `langchain_core.tracers.context.register_configure_hook`.
"""

from __future__ import annotations

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from langspan.langchain.handler import RecordingHandler


class _IsActive(type):
    def __call__(cls) -> BaseCallbackHandler:
        # LangChain reads the hook twice, and creates a handler if another thread has emptied it in between.
        return BaseCallbackHandler()

    def __instancecheck__(cls, handler: object) -> bool:
        return isinstance(handler, RecordingHandler) and not handler.ignore_chain


class _ActiveHandler(metaclass=_IsActive):
    """The type of our handlers that are not silenced; a silenced one may live on in stored callbacks."""


class ConfigureHook:
    """The object that LangChain asks for a handler whenever it configures a run's callbacks.

    It replaces a `ContextVar`, which threads started elsewhere would not see. LangChain cannot unregister a
    hook, so a hook without a handler does nothing.

    Attributes:
        handler: The handler for new runs, or None.
    """

    def __init__(self) -> None:
        self.handler: RecordingHandler | None = None
        self._registered = False

    def get(self) -> RecordingHandler | None:
        """Return the handler for a run that is being configured, or None if it would not be recorded."""
        handler = self.handler
        if handler is None or not handler.recorder.starter.has_unsampled:
            return handler
        recorder = handler.recorder
        return None if recorder.guard.call(recorder.in_unsampled_trace) else handler

    def fill(self, handler: RecordingHandler) -> None:
        """Set the handler that LangChain finds from now on."""
        self.handler = handler
        if not self._registered:
            # Child runs inherit the handler, and one that the user passes replaces it.
            register_configure_hook(self, inheritable=True, handle_class=_ActiveHandler)  # type: ignore[arg-type]
            self._registered = True
