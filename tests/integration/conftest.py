"""Both ways of tracing, for what has to work alike in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.callback_ways import our_handler
from support.recording import Recording, instrumented


@pytest.fixture(params=["instrument", "CallbackHandler"])
def config(request: pytest.FixtureRequest, recording: Recording) -> Iterator[dict[str, Any]]:
    """The config for calls that are traced in one of both ways."""
    if request.param == "instrument":
        with instrumented(recording):
            yield {}
    else:
        yield {"callbacks": [our_handler(recording)]}
