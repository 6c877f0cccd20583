"""Whatever value stands in whatever place: the run is recorded, and the application does not notice."""

from __future__ import annotations

import pytest

from support.telemetry import Telemetry
from values.fields import FIELDS
from values.seeing import Count, NotingGuard, addresses, broken, logged, outcome
from values.weird import VALUES


@pytest.mark.parametrize("content", ["both", "off"])
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("field", FIELDS)
def test_the_application_gets_the_same_and_every_span_ends_and_is_exported(
    field: str, value: str, content: str
) -> None:
    expected = outcome(FIELDS[field], VALUES[value])
    telemetry, guard, count = Telemetry(), NotingGuard(), Count()
    telemetry.provider.add_span_processor(count)
    with logged() as warnings, telemetry.instrumented(guard, capture_content=content):
        assert expected == outcome(FIELDS[field], VALUES[value])
        exported = [request.SerializeToString() for request in telemetry.requests()]
    assert [] == guard.errors
    assert [] == warnings
    assert count.started == count.ended
    assert len(telemetry.spans) == len(count.ended)
    assert all(exported)
    assert [] == broken(telemetry)
    assert [] == addresses(telemetry)
