"""Budgets: counted over the whole tree, told once, and nothing is stopped."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import langspan
from langspan import Budget, BudgetExceeded
from langspan._guard import Guard
from langspan.recording import budgets as counted_budgets
from langspan.recording.budgets import Accounts
from support.interpreters import ask
from support.otlp_data import Metric
from support.priced import Priced, counted
from support.recording import Recording
from support.telemetry import Telemetry

EVENT = "langspan.budget.exceeded"
TEN = counted(6, 4)  # tokens of each call


@contextmanager
def budgeted(
    *, guard: Guard | None = None, sampler: Any = None, prices: Any = None, **budget: Any
) -> Iterator[tuple[Telemetry, list[BudgetExceeded]]]:
    """One budget; what is told, in order."""
    told: list[BudgetExceeded] = []
    telemetry = Telemetry() if sampler is None else Telemetry(sampler=sampler)
    limits = [Budget(on_exceed=told.append, **budget)]
    with telemetry.instrumented(guard, budgets=limits, prices=prices):
        yield telemetry, told


def events(telemetry: Recording) -> list[tuple[str, dict[str, Any]]]:
    """The events of budgets, by the span they are on."""
    return [
        (span.name, dict(event.attributes or {}))
        for span in telemetry.spans
        for event in span.events
        if event.name == EVENT
    ]


# -- the whole tree


def many(number: int, model: Priced | None = None) -> Any:
    model = model or Priced(usage=TEN)
    return RunnableParallel({str(each): model for each in range(number)}).with_config(run_name="many")


def test_exceeding_it_is_an_event_on_the_root_and_told_once() -> None:
    with budgeted(tokens=25) as (telemetry, told):
        many(5).invoke("Hi")

    (exceeded,) = told
    assert ("tokens", 30, Budget(tokens=25, on_exceed=told.append)) == (
        exceeded.measure,
        exceeded.spent,
        exceeded.budget,
    )
    described = {
        "langspan.budget.per": "trace",
        "langspan.budget.measure": "tokens",
        "langspan.budget.limit": 25.0,
        "langspan.budget.spent": 30.0,
    }
    assert [("many", described)] == events(telemetry)


def test_what_is_told_leads_to_the_root() -> None:
    with budgeted(tokens=1) as (telemetry, told):
        many(1).invoke("Hi", {"metadata": {"thread_id": "t-1", "user_id": "u-1"}})

    root, exceeded = telemetry.named("many"), told[0]
    assert root.context is not None
    assert (f"{root.context.trace_id:032x}", f"{root.context.span_id:016x}") == (
        exceeded.trace_id,
        exceeded.span_id,
    )
    assert (exceeded.trace_id, "t-1", "u-1") == (exceeded.key, exceeded.conversation, exceeded.user)
    assert (root.attributes or {})["langchain.run.id"] == str(exceeded.run_id)


def test_a_budget_that_is_just_used_up_is_not_exceeded() -> None:
    with budgeted(tokens=50) as (telemetry, told):
        many(5).invoke("Hi")

    assert ([], []) == (told, events(telemetry))


def test_each_trace_has_the_budget_for_itself() -> None:
    with budgeted(tokens=25) as (telemetry, told):
        for _ in range(3):
            many(3).invoke("Hi")

    assert (3, 3) == (len({each.key for each in told}), len(events(telemetry)))


def test_a_span_of_the_applications_own_holds_its_runs_together() -> None:
    with budgeted(tokens=25) as (telemetry, told), telemetry.tracer.start_as_current_span("request"):
        for _ in range(3):
            Priced(usage=TEN).invoke("Hi")

    assert [30] == [each.spent for each in told]


def test_threads_and_tasks_count_together() -> None:
    model = Priced(usage=TEN)

    async def several(_: Any) -> None:
        await asyncio.gather(*(model.ainvoke("Hi") for _ in range(10)))

    def both(value: Any) -> None:
        many(10, model).invoke(value)
        asyncio.run(several(value))

    with budgeted(tokens=195) as (telemetry, told):
        RunnableLambda(both, name="both").invoke("Hi")

    assert ([200], ["both"]) == ([each.spent for each in told], [name for name, _ in events(telemetry)])


def two_agents(inner: Priced, outer: Priced) -> Any:
    agents = pytest.importorskip("langchain.agents", reason="it makes agents: pip install langchain")
    expert = agents.create_agent(inner, [], name="expert")

    @tool
    def ask_expert(order: str) -> str:
        """Ask."""
        return str(expert.invoke({"messages": [("user", order)]})["messages"][-1].text)

    outer.calls = [[{"name": "ask_expert", "args": {"order": "A-7"}, "id": "c1"}]]
    return agents.create_agent(outer, [ask_expert], name="clerk")


def test_agents_inside_agents_count_too() -> None:
    with budgeted(tokens=15) as (telemetry, told):
        two_agents(Priced(usage=TEN), Priced(usage=TEN)).invoke({"messages": [("user", "Where?")]})

    assert [("expert", 20)] == [(each.agent, each.spent) for each in told]
    assert ["invoke_agent clerk"] == [name for name, _ in events(telemetry)]


def test_dollars_count_as_tokens_do() -> None:
    """And exactly: ten times a tenth is not more than one."""
    with budgeted(usd=1.0) as (_, told):
        many(10, Priced(told={"cost": 0.1})).invoke("Hi")
        many(11, Priced(told={"cost": 0.1})).invoke("Hi")

    assert [("usd", 1.1)] == [(each.measure, each.spent) for each in told]


def test_own_prices_count_in_dollars() -> None:
    with budgeted(usd=1e-5, prices={"m": langspan.Price(input=1, output=2)}) as (_, told):
        Priced(usage=TEN).invoke("Hi")

    assert [14e-6] == [each.spent for each in told]


def test_of_two_limits_the_first_one_is_told() -> None:
    with budgeted(usd=0.15, tokens=100) as (_, told):
        many(20, Priced(usage=TEN, told={"cost": 0.1})).invoke("Hi")

    assert ["usd"] == [each.measure for each in told]


def test_langchains_cache_uses_nothing() -> None:
    with budgeted(tokens=15, per="conversation") as (_, told):
        model = Priced(usage=TEN, cache=InMemoryCache())
        for _ in range(5):
            model.invoke("Hi", {"metadata": {"thread_id": "t-1"}})

    assert [] == told


# -- a conversation, a user


@pytest.mark.parametrize(("per", "key"), [("conversation", "thread_id"), ("user", "user_id")])
def test_a_conversation_or_a_user_has_a_budget_over_many_traces(per: Any, key: str) -> None:
    with budgeted(tokens=25, per=per) as (telemetry, told):
        for number in range(4):
            for who in ("a", "b"):
                many(1).invoke("Hi", {"metadata": {key: who}})
            many(1).invoke("Hi")  # nobody's
            assert (0 if number < 2 else 2) == len(told)

    assert {("a", 30), ("b", 30)} == {(each.key, each.spent) for each in told}
    assert 2 == len(events(telemetry))


def test_a_block_gives_the_conversation() -> None:
    with budgeted(tokens=15, per="conversation") as (_, told), langspan.context(conversation_id="c-1"):
        Priced(usage=TEN).invoke("Hi")
        Priced(usage=TEN).invoke("Hi")

    assert ["c-1"] == [each.key for each in told]


def test_memory_is_bounded_and_who_comes_often_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted_budgets, "MAX_ACCOUNTS", 3)
    accounts = Accounts(Budget(tokens=4))
    for number in range(10):
        assert accounts.add(f"other-{number}", 1, 0.0) is None
        crossing = accounts.add("often", 1, 0.0)
        assert (number == 4) == (crossing is not None)

    assert 3 == len(accounts._accounts)


def test_many_threads_tell_once() -> None:
    accounts = Accounts(Budget(tokens=500))
    with ThreadPoolExecutor(8) as pool:
        crossings = list(pool.map(lambda _: accounts.add("k", 1, 0.0), range(2000)))

    assert 1 == sum(each is not None for each in crossings)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_starts_anew_even_if_the_lock_was_held() -> None:
    accounts = Accounts(Budget(tokens=4))
    accounts.add("k", 4, 0.0)
    with accounts._lock:
        child = os.fork()
        if not child:
            os._exit(0 if accounts.add("k", 4, 0.0) is None else 1)
    _, status = os.waitpid(child, 0)

    assert 0 == os.waitstatus_to_exitcode(status)
    assert accounts.add("k", 1, 0.0) is not None


# -- whoever listens


def test_the_metric_counts_them() -> None:
    with budgeted(tokens=5) as (telemetry, _):
        many(2).invoke("Hi")
        many(2).invoke("Hi")

    (metric,) = [each for each in telemetry.items() if isinstance(each, Metric) and each.name == EVENT]
    labels = {"langspan.budget.per": "trace", "langspan.budget.measure": "tokens"}
    assert [(2, labels)] == [(point.value, dict(point.attributes)) for point in metric.points]


def test_what_is_sampled_out_is_counted_and_told() -> None:
    with budgeted(tokens=25, sampler=ALWAYS_OFF) as (telemetry, told):
        many(5).invoke("Hi")

    assert ([], [30]) == (telemetry.spans, [each.spent for each in told])


def test_a_handler_alone_keeps_budgets_too() -> None:
    recording, told = Recording(), []
    handler = langspan.CallbackHandler(recording.provider, budgets=[Budget(tokens=15, on_exceed=told.append)])
    many(2).invoke("Hi", {"callbacks": [handler]})

    assert ([20], ["many"]) == ([each.spent for each in told], [name for name, _ in events(recording)])


def test_the_root_that_is_a_model_call_has_the_event() -> None:
    with budgeted(tokens=1) as (telemetry, _):
        Priced(usage=TEN).invoke("Hi")

    assert ["chat m"] == [name for name, _ in events(telemetry)]


def test_a_function_that_raises_stops_nothing_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: BudgetExceeded) -> None:
        raise ValueError("no budget is ever enough")

    telemetry = Telemetry()
    limits = [Budget(tokens=1, on_exceed=fail), Budget(tokens=2)]
    with telemetry.instrumented(Guard(), budgets=limits), caplog.at_level(logging.WARNING, "langspan"):
        assert ["0", "1"] == list(many(2).invoke("Hi"))
        many(1).invoke("Hi")

    assert (4, 1) == (len(events(telemetry)), len(caplog.records))
    assert "the application's on_exceed (ValueError)" in caplog.text


# -- settings


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "neither tokens nor usd is given; pass one of them, such as tokens=50_000"),
        ({"tokens": 0}, "tokens=0 is invalid; use a whole number of at least 1"),
        ({"tokens": 1.5}, "tokens=1.5 is invalid"),
        ({"tokens": True}, "tokens=True is invalid"),
        ({"usd": 0}, "usd=0 is invalid; use a number above 0, such as 0.5"),
        ({"usd": float("nan")}, "usd=nan is invalid"),
        ({"usd": "1"}, "usd='1' is invalid"),
        ({"tokens": 1, "per": "day"}, "per='day' is invalid; use 'trace', 'conversation', 'user'"),
        ({"tokens": 1, "on_exceed": "print"}, "on_exceed='print' is not callable"),
        ({"tokens": 1, "on_exceed": asyncio.sleep}, "is a coroutine function; pass one that needs no await"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_bad_budget_is_refused(fields: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as raised:
        Budget(**fields)

    assert message in str(raised.value)


@pytest.mark.parametrize("budgets", [Budget(tokens=1), ["much"], "tokens=5", 7], ids=str)
def test_what_are_no_budgets_is_refused(budgets: Any) -> None:
    with pytest.raises(ValueError, match="budgets=") as raised:
        langspan.instrument(budgets=budgets)

    assert "use a list such as [langspan.Budget(tokens=50_000)]" in str(raised.value)


def test_without_budgets_nothing_of_them_is_imported() -> None:
    program = """
    import json, sys, langspan
    from support.priced import Priced, counted
    from support.recording import Recording
    langspan.instrument(tracer_provider=Recording().provider)
    Priced(usage=counted(1, 1)).invoke("Hi")
    print(json.dumps(sorted({"langspan._budgets", "langspan.recording.budgets"} & set(sys.modules))))
    """

    assert [] == ask(program)


def test_budgets_in_tokens_import_no_prices() -> None:
    program = """
    import json, sys, langspan
    from support.recording import Recording
    langspan.instrument(tracer_provider=Recording().provider, budgets=[langspan.Budget(tokens=5)])
    print(json.dumps("genai_prices" in sys.modules))
    """

    assert False is ask(program)
