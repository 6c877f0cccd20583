"""One LangChain class as a client of the local server."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pytest

from support.providers.facts import Facts
from support.providers.replies import FAULT_MESSAGE, SILENCE, Fault, Reply
from support.providers.scenarios import SCENARIOS, Scenario
from support.providers.server import Answer, Exchange, Request, json_answer

# A constructor says this, and the call says something else.
_OVERRIDDEN = {"temperature": 0.5}
_PATIENCE = 30.0


class Api(Protocol):
    """A provider's format, written and read."""

    def answer(self, request: Request, reply: Reply) -> Answer:
        """Say a reply, streamed if the request wants it so."""

    def error(self, status: int, message: str) -> Any:
        """The body of an error."""

    def read_request(self, exchange: Exchange) -> Facts:
        """What was asked for."""

    def read_response(self, exchange: Exchange) -> Facts:
        """What was answered."""


@dataclass(frozen=True)
class Client:
    """A LangChain class and how it is used.

    Attributes:
        name: What tests call it.
        package: The distribution it comes from.
        path: Module and class.
        provider: `gen_ai.provider.name`.
        api: The API it talks to: a module, or an object.
        arguments: Constructor arguments for a server at an URL, and seconds to wait for its answers.
        options: More of them, by scenario: an entry says that the class can do what is not standard.
        call_options: Arguments of the call, by scenario.
        skips: Standard scenarios the class cannot do, with the reason.
        errors: The class of what is raised, or one of its bases, by what goes wrong: as the provider's SDK
            documents it; several with "|" between them.
        raises: What the LangChain class itself raises over a whole and correct answer, by scenario.
        constant: What the class says of every call beside the wire, such as an API's name.
        completion: Whether it is a completion model.
        warns: How warnings start that the class's own dependencies cause, some of them when things are
            thrown away.
        close: Closes what the class opened for asynchronous calls.
        always: Constructor arguments of every scenario but "usage not asked for".
    """

    name: str
    package: str
    path: tuple[str, str]
    provider: str
    api: Api
    arguments: Callable[[str, float], dict[str, Any]]
    errors: Mapping[str, str]
    options: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    call_options: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    skips: Mapping[str, str] = field(default_factory=dict)
    raises: Mapping[str, str] = field(default_factory=dict)
    constant: Facts = field(default_factory=dict)
    completion: bool = False
    warns: tuple[str, ...] = ()
    close: Callable[[Any], Awaitable[None]] | None = None
    always: Mapping[str, Any] = field(default_factory=dict)

    def scenarios(self) -> list[Scenario]:
        """What this class is made to do."""
        own = {*self.options, *self.call_options}
        return [
            scenario
            for name, scenario in SCENARIOS.items()
            if (scenario.standard or name in own) and name not in self.skips
        ]

    def build(self, scenario: Scenario, url: str, short: float = 0.1) -> Any:
        """The model, talking to the server at `url`; skip if its package is not installed.

        It waits `short` seconds for a server that is silent.
        """
        module, name = self.path
        pytest.importorskip(self.path[0].partition(".")[0], reason=f"pip install {self.package}")
        usage = {} if scenario.name == "usage not asked for" else self.always
        patience = short if scenario.fault == SILENCE else _PATIENCE
        overridden = _OVERRIDDEN if scenario.name == "parameters of the call" else {}
        own = self.options.get(scenario.name, {})
        arguments = {**self.arguments(url, patience), **usage, **overridden, **own}
        return getattr(importlib.import_module(module), name)(**arguments)

    def respond(self, scenario: Scenario) -> Callable[[Request], Answer]:
        """How the server answers in a scenario."""
        return lambda request: self._faulty(scenario.fault, request, scenario.reply)

    def _faulty(self, fault: Fault | None, request: Request, reply: Reply) -> Answer:
        if fault is not None and fault.kind == "status":
            return json_answer(self.api.error(fault.status, FAULT_MESSAGE), fault.status)
        answer: Answer = self.api.answer(request, reply)
        if fault is None:
            return answer
        if fault.kind == "silence":
            return replace(answer, pieces=(), silent=True)
        pieces = answer.pieces
        kept = pieces[: len(pieces) // 2]
        return replace(answer, pieces=kept, whole=False)
