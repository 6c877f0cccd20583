"""The wrapper of a node's timeout, around tasks that were made by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from langspan._guard import Guard
from langspan.langchain.patches.langgraph import _timing_out


@pytest.mark.parametrize("config", [{}, {"metadata": None}, {"metadata": {}, "callbacks": None}], ids=str)
def test_a_task_without_a_place_or_callbacks_times_out_as_untraced(config: dict[str, Any]) -> None:
    async def run_task(_task: object, _config: object) -> None:
        raise TimeoutError

    wrapper = _timing_out(Guard(raising=True), TimeoutError)
    with pytest.raises(TimeoutError):
        asyncio.run(wrapper(run_task, None, (object(), config), {}))
