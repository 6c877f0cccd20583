"""Keys of tools: equal tools have equal keys, and what is not plain data has none."""

from __future__ import annotations

from typing import Any

import pytest

from langspan.content.keys import tools_key

CIRCULAR: list[Any] = []
CIRCULAR.append(CIRCULAR)


def test_equal_tools_have_the_same_key() -> None:
    first, second = ([[{"name": "f", "parameters": {"x": [1, 2.5, True, None]}}]] for _ in range(2))
    assert tools_key(first, schemas=True) == tools_key(second, schemas=True) is not None


def test_a_key_tells_whether_schemas_are_rendered() -> None:
    assert tools_key([{"name": "f"}], schemas=True) != tools_key([{"name": "f"}], schemas=False)


@pytest.mark.parametrize(
    "tools",
    [
        pytest.param([object()], id="an object"),
        pytest.param([{"name": {"nested": [object()]}}], id="an object inside"),
        pytest.param(CIRCULAR, id="circular"),
        pytest.param([["x"] * 30_000], id="too many values"),
    ],
)
def test_what_is_not_plain_data_has_no_key(tools: list[Any]) -> None:
    assert tools_key(tools, schemas=True) is None
