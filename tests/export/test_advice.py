"""When the log says what to do without a collector: if there seems to be none."""

from __future__ import annotations

import pytest

from langspan.export.advice import advice


@pytest.mark.parametrize(
    ("items", "sent", "reason", "advised"),
    [
        ("spans", 0, "[Errno 111] Connection refused", True),
        ("spans", 0, "Failed to resolve 'collector'", True),
        ("spans", 0, "error code: StatusCode.DEADLINE_EXCEEDED", True),
        ("spans", 0, "Failed to export spans batch due to timeout, max retries or shutdown.", True),
        ("spans", 0, "no answer so far", True),
        ("spans", 0, "ConnectTimeout: the host did not connect", True),
        ("spans", 1, "[Errno 111] Connection refused", False),
        ("metric exports", 0, "[Errno 111] Connection refused", False),
        ("spans", 0, "Failed to export spans batch code: 401, reason: Unauthorized", False),
        (
            "spans",
            0,
            "Transient error Service Unavailable encountered; Failed to export spans",
            False,
        ),
    ],
)
def test_it_is_said_only_where_nobody_answers_and_nobody_did(items, sent, reason, advised):
    assert advised == ("langspan_file" in advice(items, sent, reason))
