"""Which test runs in which process."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling


class ByClient(LoadScopeScheduling):
    """Tests that look at the same calls, or at the same processes, in one process; others anywhere.

    Those are all of one provider's class, and all of one receiver of the fault table.
    """

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith(("tests/providers/test_", "tests/processes/test_fault_table.py")):
            return nodeid
        return nodeid.partition("[")[2].partition("-")[0] or nodeid
