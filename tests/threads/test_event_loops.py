"""Event loops that end before the streams that they drive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.models import StreamingChat, StreamingLLM
from support.recording import Recording


@pytest.mark.parametrize("model", [StreamingChat(answers=("a b c",)), StreamingLLM(answer="a b c")])
def test_a_loop_that_shuts_down_closes_open_streams_without_a_complaint(
    traced: Recording, caplog: pytest.LogCaptureFixture, model: Any
) -> None:
    """A loop closes all the generators it knows at once, and logs the ones that somebody else is closing."""
    still_open: list[AsyncIterator[Any]] = []

    async def main() -> None:
        for _ in range(5):
            still_open.append(model.astream("x"))
            await anext(still_open[-1])

    with caplog.at_level(logging.WARNING, "asyncio"):
        asyncio.run(main())
    assert [] == caplog.messages
    assert 5 * ["closed"] == [span.attributes["langspan.outcome"] for span in traced.spans]
