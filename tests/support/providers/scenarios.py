"""What each class is made to do: one table for all providers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.providers.replies import (
    BROKEN_SERVER,
    CUT,
    RATE_LIMITED,
    SILENCE,
    UNAUTHORIZED,
    Call,
    Fault,
    Reply,
    Usage,
)

MODES = ("invoke", "stream", "ainvoke", "astream")
WEATHER = {
    "title": "get_weather",
    "description": "The weather of a city.",
    "type": "object",
    "properties": {"city": {"type": "string", "description": "A city."}},
    "required": ["city"],
}
_CALL = Call("get_weather", {"city": "Paris"})
_JSON = ('{"city":', ' "Paris"}')


@dataclass(frozen=True)
class Scenario:
    """One thing to do with a model.

    Attributes:
        name: Its name; a client may have options of its own under it.
        reply: What the model says.
        fault: What goes wrong.
        prepare: What the application makes of the model before it calls it.
        asked: Facts that the application asks for beside the wire: `with_structured_output` by tool call
            is a wish for JSON, as LangChain tells it.
        standard: Whether every client has it; else only one that names it in its options.
    """

    name: str
    reply: Reply = field(default_factory=Reply)
    fault: Fault | None = None
    prepare: Callable[[Any], Any] = lambda model: model
    asked: Mapping[str, Any] = field(default_factory=dict)
    standard: bool = True


def _structured(method: str) -> Callable[[Any], Any]:
    return lambda model: model.with_structured_output(WEATHER, method=method)


def _with_tools(model: Any) -> Any:
    return model.bind_tools([WEATHER])


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("plain"),
        Scenario("usage not asked for"),
        Scenario("usage never sent", Reply(usage=None)),
        Scenario("parameters", standard=False),
        Scenario("parameters of the call", standard=False),
        Scenario("another model", standard=False),
        Scenario("length", Reply(ending="length")),
        Scenario("content filter", Reply(ending="filter")),
        Scenario("refusal", Reply(ending="refusal"), standard=False),
        Scenario("tool call", Reply((), (_CALL,), ending="tool"), prepare=_with_tools, standard=False),
        Scenario(
            "structured by tool",
            Reply((), (_CALL,), ending="tool"),
            prepare=_structured("function_calling"),
            asked={"gen_ai.output.type": "json"},
            standard=False,
        ),
        Scenario("structured by schema", Reply(_JSON), prepare=_structured("json_schema"), standard=False),
        Scenario("JSON mode", Reply(_JSON), prepare=_structured("json_mode"), standard=False),
        Scenario("reasoning", Reply(reasoning="Let me think.", usage=Usage(reasoning=7)), standard=False),
        Scenario("reasoning level", standard=False),
        Scenario("cache read", Reply(usage=Usage(input=2_000, cache_read=1_024)), standard=False),
        Scenario(
            "cache write", Reply(usage=Usage(input=2_000, cache_write=900, cache_read=600)), standard=False
        ),
        Scenario("input counted early", Reply(usage=Usage(early=True)), standard=False),
        Scenario("two choices", standard=False),
        Scenario("unauthorized", fault=UNAUTHORIZED),
        Scenario("rate limited", fault=RATE_LIMITED),
        Scenario("server error", fault=BROKEN_SERVER),
        Scenario("cut", fault=CUT),
        Scenario("timeout", fault=SILENCE),
    )
}
