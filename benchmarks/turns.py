"""What content costs as a conversation grows: every turn sends all that was said before."""

from __future__ import annotations

import time

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from benchmarks.variants import VARIANTS
from benchmarks.workloads import Model

_TURNS = 30
_SHOWN = (1, 10, 20, 30)
_ROUNDS = 40


def turns() -> None:
    """Print added microseconds of single turns of a conversation, messages of 2 kB, for each variant."""
    chosen = ("untraced", "floor", "langspan", "with content")
    lowest = {name: [float("inf")] * _TURNS for name in chosen}
    for number in range(_ROUNDS + 1):
        for name in chosen:
            with VARIANTS[name]():
                seconds = _converse(str(number))
            if number:
                lowest[name] = list(map(min, lowest[name], seconds))
    print("| turn | messages sent | floor µs | langspan | with content |")
    print("| --- | --- | --- | --- | --- |")
    for turn in _SHOWN:
        base, *added = (lowest[name][turn - 1] * 1e6 for name in chosen)
        print(f"| {turn} | {2 * turn - 1} | " + " | ".join(f"{value - base:.0f}" for value in added) + " |")


def _converse(salt: str) -> list[float]:
    """Seconds of processor time of each turn; the salt keeps texts from being remembered between rounds."""
    model = Model()
    messages: list[BaseMessage] = []
    seconds = []
    for turn in range(_TURNS):
        messages = [*messages, HumanMessage(f"{salt} {turn} " + "x" * 2000)]
        begin = time.process_time()
        model.invoke(messages)
        seconds.append(time.process_time() - begin)
        messages.append(AIMessage(f"{salt} {turn} " + "y" * 2000))
    return seconds
