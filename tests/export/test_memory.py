"""How much memory the process may have: the least of the machine's and of all limits around it."""

from __future__ import annotations

import pytest

from langspan.export import memory, settings

GIB = 1024**3


@pytest.fixture
def limit(tmp_path, monkeypatch):
    """Return the memory on a machine of 64 GiB, in groups with these lines and limits."""
    monkeypatch.setattr(memory, "_machine", lambda: 64 * GIB)

    def limit(lines, limits):
        membership = tmp_path / "cgroup"
        membership.write_text(lines)
        for name, text in limits.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return memory.available(membership, tmp_path)

    return limit


@pytest.mark.parametrize(
    ("expected", "lines", "limits"),
    [
        pytest.param(GIB, "0::/\n", {"memory.max": f"{GIB}\n"}, id="version 2"),
        pytest.param(64 * GIB, "0::/\n", {"memory.max": "max\n"}, id="version 2, no limit"),
        pytest.param(
            GIB, "0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": f"{GIB}\n"}, id="a group around"
        ),
        pytest.param(
            GIB,
            "0::/a/b\n",
            {"a/b/memory.max": f"{GIB}\n", "a/memory.max": f"{2 * GIB}\n"},
            id="the least of several",
        ),
        pytest.param(GIB, "0::/host/x\n", {"memory.max": f"{GIB}\n"}, id="the path of the host"),
        pytest.param(
            GIB,
            "9:cpu,memory:/d/1\n1:name=systemd:/d\n",
            {"memory/d/1/memory.limit_in_bytes": f"{GIB}\n"},
            id="version 1",
        ),
        pytest.param(
            64 * GIB,
            "9:memory:/\n",
            {"memory/memory.limit_in_bytes": "9223372036854771712\n"},
            id="version 1, no limit",
        ),
        pytest.param(64 * GIB, "", {}, id="no groups"),
        pytest.param(64 * GIB, "junk\n0::/\n\0:\n", {"memory.max": "many\n"}, id="junk"),
        pytest.param(64 * GIB, "0::/\n", {"memory.max": "0\n"}, id="a limit of nothing"),
    ],
)
def test_the_memory_is_the_least_of_all_limits(limit, expected, lines, limits):
    assert expected == limit(lines, limits)


def test_without_any_control_groups_the_memory_is_the_machines(tmp_path):
    assert 0 < memory.available(tmp_path / "none", tmp_path / "none")


def test_a_queue_beyond_the_containers_memory_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 100 * 1024**2)
    with pytest.raises(
        ValueError, match=r"OTEL_BSP_MAX_QUEUE_SIZE=200000 is more than .* use at most 102400"
    ):
        settings.check_batches({"OTEL_BSP_MAX_QUEUE_SIZE": "200000"}, "OTEL_BSP")
