"""Which test runs in which process."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling


class ByClient(LoadScopeScheduling):
    """All tests of one provider's class in one process, for they look at the same calls; others anywhere."""

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith("tests/providers/test_"):
            return nodeid
        return nodeid.partition("[")[2].partition("-")[0] or nodeid
