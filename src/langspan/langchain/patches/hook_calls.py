"""What one call of the hooks of an agent's middleware comes to: its own time, and what it runs how often."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from opentelemetry.context import Context

from langspan._events import Attempt
from langspan._guard import Guard, contained
from langspan._reading import class_name, stored
from langspan._values import Attributes
from langspan.context.carried import context_of_attempt
from langspan.conventions import graph_names, names
from langspan.langchain.patches.ledger import Ledger
from langspan.providers.request import stored_model
from langspan.recording.recorder import Recorder
from langspan.recording.run import Run

_lock: Final = threading.Lock()


def hook_owner(hook: Any) -> str:
    """Return the name of the class of a hook's middleware; a function that was made one has its own name.

    Args:
        hook: A bound method of a middleware, maybe wrapped by LangSmith for its own tracing.
    """
    method = stored(hook, "__wrapped__") or hook
    return class_name(type(getattr(method, "__self__", None))).rpartition(".")[2]


def _known_as(model: Any) -> object:
    """What tells a model from others, also from one of the same name at another provider."""
    name = stored_model(model)
    return id(model) if name is None else (class_name(type(model)), name)


class HookTime:
    """The time that one call of a hook takes for itself, without what it runs.

    Args:
        guard: The error boundary.
        run: The run that the hook is part of.
        name: The hook's name.
    """

    __slots__ = ("_inside", "_name", "_own", "_run", "_since", "guard")

    def __init__(self, guard: Guard, run: Run, name: str) -> None:
        self.guard, self._run, self._name = guard, run, name
        self._inside, self._own, self._since = 0, 0.0, time.perf_counter()

    @classmethod
    def start(cls, ledger: Ledger, guard: Guard, recorder: Recorder, name: str) -> HookTime | None:
        """Start to measure; None if nobody would see the result."""
        run = None if ledger.closed else recorder.innermost()
        return cls(guard, run, name) if run is not None and run.is_recording and run.is_open else None

    @contained
    def suspend(self) -> None:
        """Stop the clock while the hook waits for what it runs; it may run several at once."""
        if self._inside == 0:
            self._own += time.perf_counter() - self._since
        self._inside += 1

    @contained
    def resume(self) -> None:
        """Let the clock go on."""
        self._inside -= 1
        if self._inside == 0:
            self._since = time.perf_counter()

    @contained
    def stop(self) -> None:
        """Add the time to that of earlier calls, and have it set when the run's span ends."""
        if self._inside == 0:
            self._own += time.perf_counter() - self._since
        with _lock:  # tools may run in several threads
            self._run.deferred_attributes = _added(self._run.deferred_attributes, self._name, self._own)


def _added(attributes: Attributes, name: str, seconds: float) -> Attributes:
    """Return attributes with the time of a hook added."""
    hooks: Any = attributes.get(graph_names.LANGSPAN_MIDDLEWARE_HOOKS, ())
    durations: Any = attributes.get(graph_names.LANGSPAN_MIDDLEWARE_DURATIONS, ())
    times: dict[str, float] = dict(zip(hooks, durations, strict=True))
    times[name] = times.get(name, 0.0) + seconds
    return {
        **attributes,
        graph_names.LANGSPAN_MIDDLEWARE_HOOKS: list(times),
        graph_names.LANGSPAN_MIDDLEWARE_DURATIONS: list(times.values()),
    }


class Executions:
    """How often the hooks around one call of a model or tool have run it, and with which models.

    Args:
        around: The run that the hooks are part of.
        model: The model that was asked for; None for a tool.
    """

    __slots__ = ("_around", "_circumstances", "_counts", "_last", "_seen")

    def __init__(self, around: Run, model: Any) -> None:
        self._around, self._last = around, model
        self._seen: list[Any] = []  # kept, so that no other object gets the number of one
        self._counts: dict[object, int] = {}
        self._circumstances: dict[object, Attributes] = {}

    @classmethod
    def start(cls, ledger: Ledger, recorder: Recorder, request: Any) -> Executions | None:
        """Start to count; None if nobody would see the result.

        Args:
            ledger: The record of the patches.
            recorder: The recorder of the runs.
            request: LangChain's `ModelRequest` or `ToolCallRequest`.
        """
        run = None if ledger.closed else recorder.innermost()
        return None if run is None or run.is_unsampled else cls(run, stored(request, "model"))

    def context_of_next(self, request: Any) -> Context | None:
        """Return the context for the next execution; None if there is nothing to say of it.

        Args:
            request: What the hooks made of the request.
        """
        model = stored(request, "model")
        key = None if model is None else _known_as(model)
        if key not in self._counts:
            self._seen.append(model)
            self._circumstances[key] = self._replacing(model)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        circumstances, self._last = self._circumstances[key], model
        if count > 1:
            circumstances = {**circumstances, names.LANGSPAN_RETRY_ATTEMPT: count}
        return context_of_attempt(Attempt(self._around, circumstances)) if circumstances else None

    def _replacing(self, model: Any) -> Attributes:
        """What is to be said of a model that runs for the first time."""
        if model is self._last or _known_as(self._last) == _known_as(model):
            return {}
        former = stored_model(self._last) or class_name(type(self._last)).rpartition(".")[2]
        return {names.LANGSPAN_FALLBACK_FROM if self._counts else names.LANGSPAN_ROUTED_FROM: former}
