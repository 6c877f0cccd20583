"""Middleware of agents whose every hook opens an application span."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from langchain.agents.middleware import AgentMiddleware

from support.probe import Probe


class Before(AgentMiddleware):
    """Opens an application span in the hooks that run once, and in those before each model call."""

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self.probe = probe

    def before_agent(self, state: Any, runtime: Any) -> None:
        with self.probe.start_as_current_span("before_agent"):
            pass

    async def abefore_agent(self, state: Any, runtime: Any) -> None:
        self.before_agent(state, runtime)

    def before_model(self, state: Any, runtime: Any) -> None:
        with self.probe.start_as_current_span("before_model"):
            pass

    async def abefore_model(self, state: Any, runtime: Any) -> None:
        self.before_model(state, runtime)


class After(AgentMiddleware):
    """The same in the hooks that run afterwards."""

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self.probe = probe

    def after_model(self, state: Any, runtime: Any) -> None:
        with self.probe.start_as_current_span("after_model"):
            pass

    async def aafter_model(self, state: Any, runtime: Any) -> None:
        self.after_model(state, runtime)

    def after_agent(self, state: Any, runtime: Any) -> None:
        with self.probe.start_as_current_span("after_agent"):
            pass

    async def aafter_agent(self, state: Any, runtime: Any) -> None:
        self.after_agent(state, runtime)


class Around(AgentMiddleware):
    """Opens an application span around each model call and each tool call."""

    def __init__(self, probe: Probe, tries: int = 1) -> None:
        super().__init__()
        self.probe = probe
        self.tries = tries

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        with self.probe.start_as_current_span("around_model"):
            return [handler(request) for _ in range(self.tries)][-1]

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        with self.probe.start_as_current_span("around_model"):
            return [await handler(request) for _ in range(self.tries)][-1]

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        with self.probe.start_as_current_span("around_tool"):
            return handler(request)

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        with self.probe.start_as_current_span("around_tool"):
            return await handler(request)


class Again(AgentMiddleware):
    """Runs the model or a tool again as long as it fails with a `ValueError`, so many times at most."""

    def __init__(self, retries: int = 1) -> None:
        super().__init__()
        self.retries = retries

    def _run(self, request: Any, handler: Any) -> Any:
        for _ in range(self.retries):
            with suppress(ValueError):
                return handler(request)
        return handler(request)

    async def _arun(self, request: Any, handler: Any) -> Any:
        for _ in range(self.retries):
            with suppress(ValueError):
                return await handler(request)
        return await handler(request)

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        return self._run(request, handler)

    async def awrap_model_call(self, request: Any, handler: Any) -> Any:
        return await self._arun(request, handler)

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        return self._run(request, handler)

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        return await self._arun(request, handler)
