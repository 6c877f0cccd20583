"""What model calls cost: by the list, by own prices, as reported; summed, measured, contained, offline."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, getcontext
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool

import langspan
from langspan._guard import Guard
from support.interpreters import ask, environment
from support.otlp_data import Metric
from support.priced import Priced, counted
from support.recording import Recording
from support.telemetry import Telemetry

AMOUNT, CURRENCY, SOURCE = "langspan.cost.amount", "langspan.cost.currency", "langspan.cost.source"
DATE, LIST, UNPRICED = "langspan.cost.price_date", "langspan.cost.price_list", "langspan.cost.unpriced_calls"
OWN = {"m": langspan.Price(input="0.5", output="1.5", cache_read="0.05", date="2026-11-01")}
MILLION = Decimal(1_000_000)


def needs_list() -> Any:
    return pytest.importorskip("genai_prices", reason="it has the prices: pip install 'langspan[cost]'")


def cost_of(model: Priced, **settings: Any) -> dict[str, Any]:
    """What the span of one call says of its cost."""
    telemetry = Telemetry()
    with telemetry.instrumented(**settings):
        model.invoke("Hi")
    (span,) = telemetry.spans
    return {
        name: value for name, value in (span.attributes or {}).items() if name.startswith("langspan.cost")
    }


# -- by the list; each sum is worked out from the prices that stand beside it, in dollars per million tokens

TEN = {
    # $0.15 in, $0.075 cached, $0.60 out: 600 of 1,000 are cached
    "cached": (
        Priced(provider="openai", model="gpt-4o-mini", usage=counted(1000, 100, {"cache_read": 600})),
        400 * Decimal("0.15") + 600 * Decimal("0.075") + 100 * Decimal("0.6"),
    ),
    # $1.10 in, $4.40 out, reasoning included
    "reasoning": (
        Priced(provider="openai", model="o4-mini", usage=counted(500, 900, {}, {"reasoning": 800})),
        500 * Decimal("1.1") + 900 * Decimal("4.4"),
    ),
    # $2.50 in, $32 audio in, $10 out, $64 audio out
    "audio": (
        Priced(
            provider="openai", model="gpt-audio", usage=counted(1000, 300, {"audio": 800}, {"audio": 250})
        ),
        200 * Decimal("2.5") + 800 * Decimal(32) + 50 * Decimal(10) + 250 * Decimal(64),
    ),
    # $5 in, $0.50 cached, $30 out; flex: half of each
    "service tier": (
        Priced(
            provider="openai",
            model="gpt-5.5",
            usage=counted(2000, 50, {"cache_read": 1000}),
            told={"service_tier": "flex", "model_provider": "openai"},
        ),
        1000 * Decimal("2.5") + 1000 * Decimal("0.25") + 50 * Decimal(15),
    ),
    # another name for the provider: $2.50 in, $10 out
    "Azure": (
        Priced(provider="azure", model="gpt-4o", usage=counted(1000, 100)),
        1000 * Decimal("2.5") + 100 * Decimal(10),
    ),
    # $2.50 in, $10 out; priority: $4.25 and $17
    "priority": (
        Priced(
            provider="openai", model="gpt-4o", usage=counted(1000, 100), told={"service_tier": "priority"}
        ),
        1000 * Decimal("4.25") + 100 * Decimal(17),
    ),
    # $3 in, $3.75 to the cache for five minutes, $6 for an hour, $0.30 from it, $15 out
    "cache lifetimes": (
        Priced(
            provider="anthropic",
            model="claude-sonnet-4-5",
            usage=counted(
                10_000,
                400,
                {
                    "cache_read": 3000,
                    "cache_creation": 0,
                    "ephemeral_5m_input_tokens": 2000,
                    "ephemeral_1h_input_tokens": 1000,
                },
            ),
        ),
        4000 * Decimal(3)
        + 3000 * Decimal("0.3")
        + 2000 * Decimal("3.75")
        + 1000 * Decimal(6)
        + 400 * Decimal(15),
    ),
    # $1 in, $5 out; in a batch half of that
    "batch": (
        Priced(
            provider="anthropic",
            model="claude-haiku-4-5",
            usage=counted(1000, 200),
            told={"usage": {"service_tier": "batch"}},
        ),
        1000 * Decimal("0.5") + 200 * Decimal("2.5"),
    ),
    # over 200,000 tokens in, all of them: $2.50 in, $0.25 cached, $15 out
    "long context": (
        Priced(
            provider="google_genai",
            model="gemini-2.5-pro",
            usage=counted(200_001, 10, {"cache_read": 1}),
        ),
        200_000 * Decimal("2.5") + 1 * Decimal("0.25") + 10 * Decimal(15),
    ),
    # just not over them: $1.25 in, $10 out
    "long, but not too long": (
        Priced(provider="google_vertexai", model="gemini-2.5-pro", usage=counted(200_000, 10)),
        200_000 * Decimal("1.25") + 10 * Decimal(10),
    ),
    # $0.30 in, $1 audio in, $2.50 out
    "audio in": (
        Priced(provider="google_genai", model="gemini-2.5-flash", usage=counted(900, 20, {"audio": 500})),
        400 * Decimal("0.3") + 500 * Decimal(1) + 20 * Decimal("2.5"),
    ),
    # $3 in, $0.75 cached, $15 out
    "xAI": (
        Priced(
            provider="xai", model="grok-4", usage=counted(700, 30, {"cache_read": 200}, {"reasoning": 10})
        ),
        500 * Decimal(3) + 200 * Decimal("0.75") + 30 * Decimal(15),
    ),
    # $3 in, $15 out, $0.30 cached
    "Bedrock": (
        Priced(
            provider="amazon_bedrock",
            model="anthropic.claude-3-5-sonnet-20240620-v1:0",
            usage=counted(100, 10, {"cache_read": 40}),
        ),
        60 * Decimal(3) + 40 * Decimal("0.3") + 10 * Decimal(15),
    ),
    # $0.59 in, $0.79 out
    "Groq": (
        Priced(provider="groq", model="llama-3.3-70b-versatile", usage=counted(3, 1)),
        3 * Decimal("0.59") + 1 * Decimal("0.79"),
    ),
}


@pytest.mark.parametrize(("model", "hand_computed"), TEN.values(), ids=TEN)
def test_the_list_gives_the_amount_that_a_person_works_out(model: Priced, hand_computed: Decimal) -> None:
    package = needs_list()

    assert {
        AMOUNT: float(hand_computed / MILLION),
        CURRENCY: "USD",
        SOURCE: "genai-prices",
        LIST: f"genai-prices {package.__version__}",
    } == cost_of(model, cost=True)


def test_a_price_says_from_when_it_holds_where_the_list_does() -> None:
    needs_list()
    told = cost_of(Priced(provider="openai", model="o3", usage=counted(1, 1)), cost=True)

    assert ("2025-06-10", "genai-prices") == (told[DATE], told[SOURCE])


def test_the_model_that_answered_counts_more_than_the_one_that_was_asked_for() -> None:
    needs_list()
    told = {"model_name": "gpt-4o-mini-2024-07-18", "model_provider": "openai"}
    model = Priced(provider="openai", model="my-deployment", usage=counted(1_000_000, 1_000_000), told=told)

    assert 0.75 == cost_of(model, cost=True)[AMOUNT]


# -- own prices


def test_an_own_price_is_exact_and_says_from_when_it_holds() -> None:
    told = cost_of(Priced(usage=counted(3, 7, {"cache_read": 1})), prices=OWN)

    expected = (2 * Decimal("0.5") + 1 * Decimal("0.05") + 7 * Decimal("1.5")) / MILLION
    assert {AMOUNT: float(expected), CURRENCY: "USD", SOURCE: "own", DATE: "2026-11-01"} == told


def test_an_own_price_goes_before_the_list() -> None:
    own = {"gpt-4o-mini": langspan.Price(input=1, output=1)}

    assert "own" == cost_of(Priced(model="gpt-4o-mini", usage=counted(1, 1)), prices=own)[SOURCE]


def test_all_parts_have_prices_of_their_own() -> None:
    price = langspan.Price(
        input=1,
        output=2,
        cache_read=3,
        cache_write=5,
        cache_write_1h=7,
        reasoning=11,
        input_audio=13,
        output_audio=17,
    )
    counts = counted(
        1000,
        100,
        {"cache_read": 10, "cache_creation": 30, "ephemeral_1h_input_tokens": 20},
        {"reasoning": 40, "audio": 50},
    )
    expected = 960 * 1 + 10 * 3 + 10 * 5 + 20 * 7 + 10 * 2 + 40 * 11 + 50 * 17

    assert expected / 1e6 == cost_of(Priced(usage=counts), prices={"m": price})[AMOUNT]


def test_counts_that_contradict_each_other_have_no_price() -> None:
    assert {} == cost_of(Priced(usage=counted(1, 1, {"cache_read": 2})), prices=OWN)


def test_cached_audio_has_no_price_where_nobody_tells_how_much_of_it_there_is() -> None:
    own = {"m": langspan.Price(input=1, output=1, cache_read=0.1, input_audio=9)}

    assert {} == cost_of(Priced(usage=counted(9, 1, {"cache_read": 2, "audio": 3})), prices=own)


def test_the_applications_own_decimals_are_neither_used_nor_changed() -> None:
    context = getcontext()
    former, context.prec = context.prec, 2
    try:
        amount = cost_of(Priced(usage=counted(123_457, 7)), prices=OWN)[AMOUNT]
        left = context.prec
    finally:
        context.prec = former

    assert (0.061739, 2) == (amount, left)


# -- as reported

REPORTED = {
    "OpenRouter's package": {"cost": 0.00123, "cost_details": {"upstream_inference_cost": 9.0}},
    "OpenRouter through OpenAI's": {"token_usage": {"cost": 0.00123, "prompt_tokens": 1}},
    "LiteLLM's package": {"response_cost": 0.00123},
    "LiteLLM's hidden parameters": {"_hidden_params": {"response_cost": 0.00123}},
    "LiteLLM's proxy": {"headers": {"x-litellm-response-cost": "0.00123"}},
}


@pytest.mark.parametrize("told", REPORTED.values(), ids=REPORTED)
def test_what_an_answer_reports_goes_first(told: dict[str, Any]) -> None:
    model = Priced(usage=counted(5, 5), told=told)

    assert {AMOUNT: 0.00123, CURRENCY: "USD", SOURCE: "reported"} == cost_of(model, prices=OWN)


@pytest.mark.parametrize("value", [None, -1.0, float("nan"), "free", True, {}, [0.1]], ids=str)
def test_what_is_no_amount_is_not_reported(value: Any) -> None:
    told = cost_of(Priced(usage=counted(5, 5), told={"cost": value}), prices=OWN)

    assert "own" == told[SOURCE]


def test_a_free_answer_is_reported_as_such() -> None:
    assert 0.0 == cost_of(Priced(told={"cost": 0}), prices=OWN)[AMOUNT]


def test_langchains_cache_costs_nothing_again() -> None:
    telemetry = Telemetry()
    model = Priced(usage=counted(5, 5), told={"cost": 0.5}, cache=InMemoryCache())
    with telemetry.instrumented(prices=OWN):
        model.invoke("Hi")
        model.invoke("Hi")

    assert [0.5, None] == [(span.attributes or {}).get(AMOUNT) for span in telemetry.spans]


# -- sums


@tool
def look_up(order: str) -> str:
    """Find an order."""
    return order


def agent(model: Priced, name: str = "clerk", tools: Any = (look_up,)) -> Any:
    agents = pytest.importorskip("langchain.agents", reason="it makes agents: pip install langchain")
    return agents.create_agent(model, list(tools), name=name)


def calling(name: str, number: int = 1) -> list[dict[str, Any]]:
    return [{"name": name, "args": {"order": "A-7"}, "id": f"c{number}"}]


QUESTION = {"messages": [("user", "Where?")]}


def two_agents() -> Any:
    """An agent with two calls, whose tool asks another agent with one; each call costs 0.1."""
    inner = agent(Priced(told={"cost": 0.1}), "expert")

    @tool
    def ask_expert(order: str) -> str:
        """Ask."""
        return str(inner.invoke(QUESTION)["messages"][-1].text)

    return agent(Priced(told={"cost": 0.1}, calls=[calling("ask_expert")]), "clerk", [ask_expert])


def amounts(telemetry: Recording, sums: str = "all") -> dict[str, Any]:
    return {
        span.name: span.attributes[AMOUNT]
        for span in telemetry.spans
        if span.attributes and AMOUNT in span.attributes and not span.name.startswith("chat")
    }


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ("all", {"desk": 0.3, "invoke_agent clerk": 0.2, "invoke_agent expert": 0.1}),
        ("agents", {"invoke_agent clerk": 0.2, "invoke_agent expert": 0.1}),
        ("none", {}),
    ],
)
def test_agents_and_the_root_sum_up_what_their_calls_cost(sums: Any, expected: dict[str, float]) -> None:
    """0.1 + 0.1 + 0.1 is 0.3 here, as on paper."""
    telemetry = Telemetry()
    desk = RunnableLambda(two_agents().invoke, name="desk")
    with telemetry.instrumented(prices={}, usage_sums=sums):
        desk.invoke(QUESTION)

    assert expected == amounts(telemetry)


async def test_sums_span_threads_and_tasks() -> None:
    telemetry = Telemetry()
    model = Priced(told={"cost": 0.1})
    many = RunnableParallel({str(number): model for number in range(10)}).with_config(run_name="ten")
    with telemetry.instrumented(prices={}):
        many.invoke("Hi")
        await many.ainvoke("Hi")

    assert [1.0, 1.0] == [(span.attributes or {})[AMOUNT] for span in telemetry.spans if span.name == "ten"]


def test_a_sum_says_how_many_calls_it_leaves_out() -> None:
    telemetry = Telemetry()
    chain = RunnableParallel(a=Priced(told={"cost": 0.1}), b=Priced(provider="nobody", usage=counted(1, 1)))
    with telemetry.instrumented(prices={}):
        chain.invoke("Hi")

    (root,) = [span for span in telemetry.spans if span.parent is None]
    assert (0.1, 1) == ((root.attributes or {})[AMOUNT], (root.attributes or {})[UNPRICED])


def test_a_handler_alone_records_costs_too() -> None:
    recording = Recording()
    handler = langspan.CallbackHandler(recording.provider, prices=OWN)
    Priced(usage=counted(2, 4)).invoke("Hi", config={"callbacks": [handler]})

    assert [7e-6] == [(span.attributes or {})[AMOUNT] for span in recording.spans]


# -- the metric


def test_the_metric_tells_costs_by_model_and_agent() -> None:
    telemetry = Telemetry()
    with telemetry.instrumented(prices={}):
        two_agents().invoke(QUESTION)
        Priced(told={"cost": 0.25}).invoke("Hi")

    (metric,) = [
        each for each in telemetry.items() if isinstance(each, Metric) and each.name == "langspan.usage.cost"
    ]
    common = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "m", SOURCE: "reported"}
    assert [
        (0.1, {**common, "gen_ai.agent.name": "expert"}),
        (0.2, {**common, "gen_ai.agent.name": "clerk"}),
        (0.25, common),
    ] == sorted(((point.value, dict(point.attributes)) for point in metric.points), key=lambda each: each[0])


# -- what is not known, and what fails


def test_of_a_model_without_a_price_nothing_is_recorded_and_one_line_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    telemetry = Telemetry()
    model = Priced(provider="openai", model="nobody-knows-it", usage=counted(1, 1))
    logged = caplog.at_level(logging.WARNING, "langspan")
    with telemetry.instrumented(prices={}), logged, ThreadPoolExecutor(8) as pool:
        list(pool.map(model.invoke, ["Hi"] * 16))

    assert [None] * 16 == [(span.attributes or {}).get(AMOUNT) for span in telemetry.spans]
    assert 1 == sum("nobody-knows-it" in record.getMessage() for record in caplog.records)


def test_what_counts_no_tokens_is_no_model_without_a_price(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "langspan"):
        assert {} == cost_of(Priced(), prices={})

    assert [] == caplog.records


def test_a_list_that_raises_costs_nothing_but_the_price(monkeypatch: pytest.MonkeyPatch) -> None:
    package = needs_list()

    def fail(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError("the list is broken")

    telemetry = Telemetry()
    with telemetry.instrumented(guard=Guard(), cost=True):
        monkeypatch.setattr(package.data_snapshot, "get_snapshot", fail)
        assert "Done." == Priced(model="gpt-4o-mini", usage=counted(5, 5)).invoke("Hi").text

    (span,) = telemetry.spans
    assert (5, None) == (
        (span.attributes or {})["gen_ai.usage.input_tokens"],
        (span.attributes or {}).get(AMOUNT),
    )


def test_a_list_that_cannot_be_imported_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    package = needs_list()

    def fail(*_args: Any, **_more: Any) -> Any:
        raise ImportError("half of it is missing")

    monkeypatch.setattr(package, "calc_price", fail)

    assert "own" == cost_of(Priced(usage=counted(1, 1)), guard=Guard(), cost=True, prices=OWN)[SOURCE]


# -- settings


def test_without_the_package_the_switch_is_refused_with_the_fix() -> None:
    program = """
    import json, langspan
    try:
        langspan.instrument(cost=True)
    except ValueError as error:
        print(json.dumps(str(error)))
    """
    said = "cost=True needs genai-prices; pip install 'langspan[cost]', or pass prices alone"

    assert said == ask(program, without=("genai_prices",))


def test_own_prices_need_no_package() -> None:
    program = """
    import json, langspan
    from support.priced import Priced, counted
    from support.recording import Recording
    recording = Recording()
    langspan.instrument(tracer_provider=recording.provider, prices={"m": langspan.Price(input=1, output=1)})
    Priced(usage=counted(1, 1)).invoke("Hi")
    print(json.dumps(recording.spans[0].attributes["langspan.cost.amount"]))
    """

    assert 2e-6 == ask(program, without=("genai_prices",))


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({"m": 0.5}, "prices={'m': 0.5} is invalid"),
        ([("m", 1)], "is invalid; use a dictionary of models"),
        ({7: langspan.Price(input=1, output=1)}, "is invalid; use a dictionary"),
    ],
    ids=["no price", "no dictionary", "no model"],
)
def test_bad_prices_are_refused(prices: Any, message: str) -> None:
    with pytest.raises(ValueError, match="prices=") as raised:
        langspan.instrument(prices=prices)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": -1, "output": 1}, "input=-1 is invalid; use US dollars per million tokens, such as 2.5"),
        ({"input": 1, "output": "much"}, "output='much' is invalid"),
        ({"input": 1, "output": None}, "output=None is invalid"),
        ({"input": True, "output": 1}, "input=True is invalid"),
        ({"input": 1, "output": 1, "cache_read": float("inf")}, "cache_read=inf is invalid"),
        (
            {"input": 1, "output": 1, "date": "soon"},
            "date='soon' is invalid; use a date, such as '2026-11-28'",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_bad_price_is_refused(fields: Any, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        langspan.Price(**fields)

    assert message in str(raised.value)


def test_a_variable_switches_it_on() -> None:
    needs_list()
    program = """
    import json, langspan
    from support.priced import Priced, counted
    from support.recording import Recording
    recording = Recording()
    langspan.instrument(tracer_provider=recording.provider)
    Priced(model="gpt-4o-mini", usage=counted(1_000_000, 1_000_000)).invoke("Hi")
    print(json.dumps(recording.spans[0].attributes["langspan.cost.amount"]))
    """

    assert 0.75 == ask(program, environment(LANGSPAN_COST="true"))


# -- off, and offline

TRACED = """
import json, sys, langspan
from support.priced import Priced, counted
from support.recording import Recording
recording = Recording()
langspan.instrument(tracer_provider=recording.provider)
Priced(model="gpt-4o-mini", usage=counted(1, 1), told={"cost": 0.1}).invoke("Hi")
ours = ("genai_prices", "langspan._prices", "langspan.recording.spending", "langspan.providers.cost")
told = [name for name in recording.spans[0].attributes if "cost" in name]
print(json.dumps([sorted(set(ours) & set(sys.modules)), told]))
"""


def test_off_means_that_nothing_of_it_is_imported_or_recorded() -> None:
    assert [[], []] == ask(TRACED)


def test_no_price_needs_a_network() -> None:
    needs_list()
    program = """
    import json, socket, langspan
    from support.priced import Priced, counted
    from support.recording import Recording
    asked = []
    def refuse(*args, **more):
        asked.append(repr(args))
        raise OSError("no network here")
    socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
    recording = Recording()
    langspan.instrument(tracer_provider=recording.provider, cost=True)
    Priced(model="gpt-4o-mini", usage=counted(1_000_000, 1_000_000)).invoke("Hi")
    Priced(model="unknown-model", usage=counted(1, 1)).invoke("Hi")
    amounts = [span.attributes.get("langspan.cost.amount") for span in recording.spans]
    print(json.dumps([amounts, asked]))
    """

    assert [[0.75, None], []] == ask(program)


def test_nothing_around_a_reported_cost_is_recorded() -> None:
    secret = "canary-5f2b9c"
    told = {
        "headers": {"x-litellm-response-cost": "0.1", "authorization": secret},
        "_hidden_params": {"api_base": secret, "response_cost": "not " + secret},
        "cost_details": {"note": secret},
        "token_usage": {"cost": secret, "key": secret},
    }
    telemetry = Telemetry()
    with telemetry.instrumented(prices={}):
        Priced(usage=counted(1, 1), told=told).invoke("Hi")

    (span,) = telemetry.spans
    assert (0.1, False) == ((span.attributes or {})[AMOUNT], secret in repr(list(telemetry.items())))
