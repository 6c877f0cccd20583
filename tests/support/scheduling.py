"""Which test runs in which process."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling


class ByClient(LoadScopeScheduling):
    """Tests that look at the same calls, or at the same processes, in one process; others anywhere.

    Those are all of one provider's class, all of one receiver of the fault table, and all that look at one
    stack of applications, collectors and Prometheus.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(("tests/stack/test_numbers.py", "tests/stack/test_sampling.py")):
            return nodeid.partition("::")[0]
        if not nodeid.startswith(("tests/providers/test_", "tests/processes/test_fault_table.py")):
            return nodeid
        return nodeid.partition("[")[2].partition("-")[0] or nodeid
