"""The application's budgets, and what it is told when one is exceeded."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

Per: TypeAlias = Literal["trace", "conversation", "user"]
Measure: TypeAlias = Literal["tokens", "usd"]

_PER: Final = get_args(Per)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What model calls may use together. Exceeding it stops nothing: it is told.

    Attributes:
        tokens: The most tokens, in and out; None for no limit.
        usd: The most that the calls may cost, in US dollars; None for no limit. It turns `cost` on.
        per: What the limits are for: each "trace", each "conversation" or each "user".
        on_exceed: Called once for each of these with a `BudgetExceeded`, in the thread of the call that
            exceeds the budget. It should be quick. If it raises, the error is logged and the run goes on.

    Raises:
        ValueError: A value is invalid; the message names it and the fix.
        TypeError: `on_exceed` is no function.
    """

    tokens: int | None = None
    usd: float | None = None
    per: Per = "trace"
    on_exceed: Callable[[BudgetExceeded], object] | None = None

    def __post_init__(self) -> None:
        if self.tokens is None and self.usd is None:
            raise ValueError("neither tokens nor usd is given; pass one of them, such as tokens=50_000")
        if self.tokens is not None and (type(self.tokens) is not int or self.tokens < 1):
            raise ValueError(f"tokens={self.tokens!r} is invalid; use a whole number of at least 1")
        if self.usd is not None and not (
            type(self.usd) in (int, float) and math.isfinite(self.usd) and self.usd > 0
        ):
            raise ValueError(f"usd={self.usd!r} is invalid; use a number above 0, such as 0.5")
        if self.per not in _PER:
            raise ValueError(f"per={self.per!r} is invalid; use {', '.join(map(repr, _PER))}")
        _check_function(self.on_exceed)


def _check_function(function: object) -> None:
    if function is not None and not callable(function):
        raise TypeError(f"on_exceed={function!r} is not callable; pass a function on_exceed(exceeded)")
    if inspect.iscoroutinefunction(function):
        raise ValueError(f"on_exceed={function!r} is a coroutine function; pass one that needs no await")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetExceeded:
    """A budget that a model call has just exceeded.

    Attributes:
        budget: The budget.
        measure: Which of its limits is exceeded: "tokens" or "usd".
        spent: What was used until now, by that measure.
        key: The id of the trace, conversation or user that the budget is for.
        run_id: LangChain's id of the outermost run around the call.
        trace_id: The id of the trace, as 32 hexadecimal digits.
        span_id: The id of the outermost run's span, as 16.
        agent: The name of the innermost agent around the call, if there is one.
        conversation: The id of the call's conversation, if known.
        user: The id of the call's user, if known.
    """

    budget: Budget
    measure: Measure
    spent: float
    key: str
    run_id: UUID
    trace_id: str
    span_id: str
    agent: str | None
    conversation: str | None
    user: str | None


def checked(name: str, value: object) -> tuple[Budget, ...]:
    """Return budgets, as an argument gives them.

    Args:
        name: The argument.
        value: Its value.

    Raises:
        ValueError: They are no budgets; the message names the argument, the value and the fix.
    """
    if (
        isinstance(value, str)
        or not isinstance(value, Sequence)
        or not all(isinstance(each, Budget) for each in value)
    ):
        raise ValueError(f"{name}={value!r} is invalid; use a list such as [langspan.Budget(tokens=50_000)]")
    return tuple(value)
