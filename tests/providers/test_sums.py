"""Tokens add up: the model spans of a trace, its agents and the metric all say what the server sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, wrap_model_call
from langchain_core.caches import InMemoryCache
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from opentelemetry.sdk.trace import ReadableSpan

from support.otlp_data import Metric
from support.providers.clients import CLIENTS
from support.providers.counting import Counting, Tokens, total
from support.providers.replies import BROKEN_SERVER, RATE_LIMITED, Call, Fault, Reply
from support.providers.server import Answer, Provider, serve
from support.telemetry import Telemetry

OPENAI, ANTHROPIC = CLIENTS["ChatOpenAI"], CLIENTS["ChatAnthropic"]
CHATS = (OPENAI, CLIENTS["ChatOpenAI, Responses API"], ANTHROPIC)
FAULTS = {"500": BROKEN_SERVER, "429": RATE_LIMITED}
# Words in the system prompt of an agent inside another, and so in its requests only.
EXPERT = "You know the weather of every town."
USAGE = "gen_ai.usage."


def _calls(name: str, number: int = 0) -> Reply:
    return Reply((), (Call(name, {"city": "Oslo"}, f"call_{number}"),), ending="tool")


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: rain"


def _invoke(runnable: Any, value: Any) -> None:
    runnable.invoke(value)


def _stream(runnable: Any, value: Any) -> None:
    for _ in runnable.stream(value):
        pass


def _ainvoke(runnable: Any, value: Any) -> None:
    asyncio.run(runnable.ainvoke(value))


def _astream(runnable: Any, value: Any) -> None:
    async def read() -> None:
        async for _ in runnable.astream(value):
            pass

    asyncio.run(read())


def _agent_stream(agent: Any, value: Any) -> None:
    """With the chunks of the model, so that it streams."""
    for _ in agent.stream(value, stream_mode="messages"):
        pass


def _agent_astream(agent: Any, value: Any) -> None:
    async def read() -> None:
        async for _ in agent.astream(value, stream_mode="messages"):
            pass

    asyncio.run(read())


Run = Callable[[Any, Any], None]
MODES = {"invoke": _invoke, "stream": _stream, "ainvoke": _ainvoke, "astream": _astream}
AGENT_MODES = {"invoke": _invoke, "stream": _agent_stream, "ainvoke": _ainvoke, "astream": _agent_astream}
QUESTION = {"messages": [("user", "Weather?")]}

every_chat = pytest.mark.parametrize("client", CHATS, ids=lambda client: client.name)
every_mode = pytest.mark.parametrize("run", MODES.values(), ids=MODES)
# LangChain neither keeps nor retries streams.
every_whole_mode = pytest.mark.parametrize("run", [_invoke, _ainvoke], ids=["invoke", "ainvoke"])
every_agent_mode = pytest.mark.parametrize("run", AGENT_MODES.values(), ids=AGENT_MODES)
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@pytest.fixture
def provider(one_certificate: None) -> Iterator[Provider]:
    with serve() as provider:
        yield provider


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    telemetry = Telemetry()
    with telemetry.instrumented():
        yield telemetry


def _of(telemetry: Telemetry, operation: str) -> list[ReadableSpan]:
    return [
        span
        for span in telemetry.spans
        if (span.attributes or {}).get("gen_ai.operation.name") in operation.split()
    ]


def _models(telemetry: Telemetry) -> list[ReadableSpan]:
    return _of(telemetry, "chat text_completion")


def _agents(telemetry: Telemetry) -> dict[str, dict[str, Any]]:
    """Attributes of the agents' spans, by name."""
    return {span.name: dict(span.attributes or {}) for span in _of(telemetry, "invoke_agent")}


def _measured(telemetry: Telemetry) -> Tokens:
    """The sums of the token metric."""
    sums = {"input": 0.0, "output": 0.0}
    for item in telemetry.items():
        if isinstance(item, Metric) and item.name == "gen_ai.client.token.usage":
            for point in item.points:
                sums[point.attributes["gen_ai.token.type"]] += point.sum or 0
    return Tokens(**{kind: int(value) for kind, value in sums.items()})


def _told(telemetry: Telemetry) -> tuple[Tokens, Tokens]:
    """The sum over the model spans of the one trace or of several, and the metric's."""
    return total(span.attributes for span in _models(telemetry)), _measured(telemetry)


# -- models


@every_chat
@every_mode
def test_a_call(client: Any, run: Run, provider: Provider, telemetry: Telemetry) -> None:
    server = Counting(provider, client)
    run(server.model(), "Hi")

    assert (Tokens(32, 3), (Tokens(32, 3),) * 2) == (server.sent(), _told(telemetry))


# langchain-openai adds up the counts of several prompts, and warns of a detail that was sent as null.
@pytest.mark.filterwarnings("ignore:Unexpected type for token usage:UserWarning")
@every_chat
@pytest.mark.parametrize("method", ["batch", "abatch", "generate", "agenerate"])
def test_several_prompts(client: Any, method: str, provider: Provider, telemetry: Telemetry) -> None:
    server = Counting(provider, client)
    prompts: list[Any] = ["a", "b", "c"]
    if "generate" in method:
        prompts = [[HumanMessage(prompt)] for prompt in prompts]
    result = getattr(server.model(), method)(prompts)
    if method[0] == "a":
        asyncio.run(_awaited(result))

    assert (Tokens(7 * 32, 7 * 3), 3) == (server.sent(), len(_models(telemetry)))
    assert (server.sent(),) * 2 == _told(telemetry)


async def _awaited(result: Any) -> None:
    await result


@pytest.mark.parametrize("choices", [1, 2])
def test_several_prompts_in_one_request_are_counted_once(
    choices: int, provider: Provider, telemetry: Telemetry
) -> None:
    """A completion model sends all prompts together, and the answer has one count for all."""
    server = Counting(provider, CLIENTS["OpenAI"])
    server.model(n=choices, best_of=choices).generate(["a", "b", "c"])

    assert (1, 3) == (server.requests, len(_models(telemetry)))
    assert (Tokens(32, 3), (Tokens(32, 3),) * 2) == (server.sent(), _told(telemetry))


@every_mode
def test_two_choices_are_counted_once(run: Run, provider: Provider, telemetry: Telemetry) -> None:
    server = Counting(provider, OPENAI)
    run(server.model(n=2), "Hi")

    assert (Tokens(32, 3), (Tokens(32, 3),) * 2) == (server.sent(), _told(telemetry))


@every_chat
@every_whole_mode
def test_langchains_cache_sends_nothing(
    client: Any, run: Run, provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, client)
    model = server.model(cache=InMemoryCache())
    for _ in range(3):
        run(model, "Hi")

    hits = [(span.attributes or {}).get("langspan.cache.hit") for span in _models(telemetry)]
    assert (1, [None, True, True]) == (server.requests, hits)
    assert (Tokens(32, 3), (Tokens(32, 3),) * 2) == (server.sent(), _told(telemetry))


def test_a_cached_answer_says_nothing_of_tokens(provider: Provider, telemetry: Telemetry) -> None:
    server = Counting(provider, OPENAI)
    model = server.model(cache=InMemoryCache())
    model.invoke("Hi")
    model.invoke("Hi")

    _, hit = _models(telemetry)
    assert [] == [name for name in hit.attributes or {} if name.startswith(USAGE)]


@every_chat
@every_fault
@every_whole_mode
def test_attempts_that_failed_count_nothing(
    client: Any, fault: Fault, run: Run, provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, client)
    server.play(fault, fault)
    run(server.model().with_retry(stop_after_attempt=3, wait_exponential_jitter=False), "Hi")

    assert (3, 3, Tokens(32, 3)) == (server.requests, len(_models(telemetry)), server.sent())
    assert (server.sent(),) * 2 == _told(telemetry)


@every_fault
@every_mode
def test_a_fallback_to_another_provider(
    fault: Fault, run: Run, provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, OPENAI, ANTHROPIC)
    server.play(fault)
    run(server.model().with_fallbacks([server.model(ANTHROPIC)]), "Hi")

    providers = [(span.attributes or {})["gen_ai.provider.name"] for span in _models(telemetry)]
    assert (["openai", "anthropic"], Tokens(32, 3)) == (providers, server.sent())
    assert (server.sent(),) * 2 == _told(telemetry)


@every_chat
@pytest.mark.parametrize("asynchronous", [False, True], ids=["stream", "astream"])
def test_a_stream_left_early_invents_no_tokens(
    client: Any, asynchronous: bool, provider: Provider, telemetry: Telemetry
) -> None:
    """The server has sent the first word, and no final counts."""
    server = Counting(provider, client)
    server.cut = _after_the_first_word
    model = server.model()

    async def leave() -> None:
        stream = model.astream("Hi")
        async for chunk in stream:
            if chunk.text:
                break
        await stream.aclose()

    if asynchronous:
        asyncio.run(leave())
    else:
        stream = model.stream("Hi")
        next(chunk for chunk in stream if chunk.text)
        stream.close()

    (span,) = _models(telemetry)
    attributes = span.attributes or {}
    assert "closed" == attributes["langspan.outcome"]
    assert [] == [name for name in attributes if name.startswith(USAGE)]
    assert Tokens() == _measured(telemetry)


def _after_the_first_word(answer: Answer) -> Answer:
    said = next(number for number, piece in enumerate(answer.pieces) if b"Hello" in piece)
    return replace(answer, pieces=answer.pieces[: said + 1], whole=False)


# -- agents


@every_chat
@every_agent_mode
def test_an_agent_with_tools(client: Any, run: Run, provider: Provider, telemetry: Telemetry) -> None:
    server = Counting(provider, client)
    server.play(_calls("get_weather", 1), _calls("get_weather", 2))
    run(create_agent(server.model(), [get_weather], name="forecaster"), QUESTION)

    assert (3, Tokens(7 * 32, 7 * 3)) == (server.requests, server.sent())
    assert (server.sent(),) * 2 == _told(telemetry)
    assert {"invoke_agent forecaster": server.sent()} == _by_agent(telemetry)


def _by_agent(telemetry: Telemetry) -> dict[str, Tokens]:
    return {name: total([attributes]) for name, attributes in _agents(telemetry).items()}


def _two_agents(server: Counting, inner_model: Any = None) -> Any:
    """An agent whose tool runs another agent; four calls of models in all."""
    server.play(_calls("ask_expert", 1), _calls("get_weather", 2), Reply(), Reply())
    inner = create_agent(inner_model or server.model(), [get_weather], name="expert", system_prompt=EXPERT)

    @tool
    def ask_expert(city: str) -> str:
        """Ask somebody who knows."""
        return str(inner.invoke({"messages": [("user", city)]})["messages"][-1].text)

    return create_agent(server.model(), [ask_expert], name="forecaster")


@every_chat
@every_agent_mode
def test_each_agent_sums_up_its_own_calls_only(
    client: Any, run: Run, provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, client)
    run(_two_agents(server), QUESTION)

    assert (4, Tokens(15 * 32, 15 * 3)) == (server.requests, server.sent())
    assert (server.sent(),) * 2 == _told(telemetry)
    assert {
        "invoke_agent expert": server.sent(EXPERT),
        "invoke_agent forecaster": server.sent(without=EXPERT),
    } == _by_agent(telemetry)


def test_the_agents_of_two_providers_have_the_models_of_their_own(
    provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, OPENAI, ANTHROPIC)
    _two_agents(server, server.model(ANTHROPIC)).invoke(QUESTION)

    said = {name: _model_and_reasons(agent) for name, agent in _agents(telemetry).items()}
    assert {
        "invoke_agent expert": ("claude-haiku-4-5", ("end_turn",)),
        "invoke_agent forecaster": ("gpt-4o-mini", ("stop",)),
    } == said
    assert (server.sent(),) * 2 == _told(telemetry)


def _model_and_reasons(attributes: dict[str, Any]) -> tuple[Any, Any]:
    return attributes.get("gen_ai.request.model"), attributes.get("gen_ai.response.finish_reasons")


@every_agent_mode
def test_an_agent_with_one_model_names_it_and_why_its_last_answer_ended(
    run: Run, provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, OPENAI)
    server.play(_calls("get_weather"), Reply(ending="length"))
    run(create_agent(server.model(), [get_weather], name="forecaster"), QUESTION)

    (agent,) = _agents(telemetry).values()
    assert ("gpt-4o-mini", ("length",)) == _model_and_reasons(agent)


@every_fault
@every_agent_mode
def test_an_agent_that_falls_back_names_neither_model(
    fault: Fault, run: Run, provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, OPENAI, ANTHROPIC)
    server.play(fault)
    other = ModelFallbackMiddleware(server.model(ANTHROPIC))
    run(create_agent(server.model(), [], name="forecaster", middleware=[other]), QUESTION)

    (agent,) = _agents(telemetry).values()
    assert ((None, ("end_turn",)), 2) == (_model_and_reasons(agent), server.requests)
    assert (Tokens(32, 3), server.sent()) == (server.sent(), total([agent]))
    assert (server.sent(),) * 2 == _told(telemetry)


@wrap_model_call
def _again(request: Any, handler: Any) -> Any:
    try:
        return handler(request)
    except Exception:
        return handler(request)


@every_chat
@every_fault
def test_an_agent_that_asks_again_counts_the_answer_only(
    client: Any, fault: Fault, provider: Provider, telemetry: Telemetry
) -> None:
    server = Counting(provider, client)
    server.play(fault)
    create_agent(server.model(), [], name="forecaster", middleware=[_again]).invoke(QUESTION)

    (agent,) = _agents(telemetry).values()
    (model, reasons) = _model_and_reasons(agent)
    assert (2, 2, server.sent()) == (server.requests, len(_models(telemetry)), total([agent]))
    assert (server.sent(),) * 2 == _told(telemetry)
    assert ((_models(telemetry)[1].attributes or {})["gen_ai.request.model"], 1) == (model, len(reasons))


def test_an_agent_answered_by_the_cache_counts_nothing(provider: Provider, telemetry: Telemetry) -> None:
    server = Counting(provider, OPENAI)
    agent = create_agent(server.model(cache=InMemoryCache()), [], name="forecaster")
    # The cache compares ids of messages too.
    question = {"messages": [HumanMessage("Weather?", id="1")]}
    agent.invoke(question)
    agent.invoke(question)

    asked, cached = _of(telemetry, "invoke_agent")
    assert (server.sent(), Tokens()) == (total([asked.attributes]), total([cached.attributes]))
    assert ("gpt-4o-mini", ("stop",)) == _model_and_reasons(dict(cached.attributes or {}))
    assert (1, Tokens(32, 3), (Tokens(32, 3),) * 2) == (server.requests, server.sent(), _told(telemetry))


def test_an_agent_that_fails_keeps_what_it_was_sent(provider: Provider, telemetry: Telemetry) -> None:
    server = Counting(provider, OPENAI)
    server.play(_calls("get_weather"), BROKEN_SERVER)
    with pytest.raises(Exception, match="Something is wrong"):
        create_agent(server.model(), [get_weather], name="forecaster").invoke(QUESTION)

    (agent,) = _agents(telemetry).values()
    assert ("gpt-4o-mini", None) == _model_and_reasons(agent)
    assert (Tokens(32, 3), Tokens(32, 3)) == (server.sent(), total([agent]))
    assert (server.sent(),) * 2 == _told(telemetry)
