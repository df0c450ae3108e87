import numpy as np
import pytest

from mcore.platform.runtime import Program
from mcore.platform.runtime.memory import Layout
from mcore.platform.runtime.planner import PlannedExecutor
from mcore.platform.runtime.step import alone
from tests.mcore.platform.runtime.graphs import Sketch


def planned(s: Sketch, *values: str) -> PlannedExecutor:
    shapes = {name: kind.concrete({}) for name, kind in s.inputs.items()}
    executor = Program(s.graph(*values), s.weights, shapes).executor
    assert isinstance(executor, PlannedExecutor)
    return executor


def test_an_arena_does_not_grow_with_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    totals = []
    original = Layout.take
    for depth in (4, 40):
        s = Sketch()
        x = s.input("x", 1, 8, 32, 32)
        for _ in range(depth):
            x = s.node("relu", s.conv(x, 8))
        seen: list[Layout] = []

        def take(self: Layout, size: int, seen: list[Layout] = seen) -> int:
            seen.append(self)
            return original(self, size)

        monkeypatch.setattr(Layout, "take", take)
        planned(s, x)
        totals.append(seen[-1].size_bytes)
    assert totals[0] == totals[1]


def test_no_step_reads_where_it_writes_unless_it_is_in_place() -> None:
    """An operand that overlaps the result, but is not the very same elements, would be read after it was written."""
    s = Sketch()
    x = s.input("x", 2, 8, 20, 18)
    a = s.node("relu", s.norm(s.conv(x, 32)))
    b = s.node("add", s.conv(s.node("silu", s.conv(a, 32, 1)), 32), a)
    c = s.node("cat", s.node("max_pool2d", b, kernel_size=2), s.conv(b, 8, 3, stride=2, padding=1), dim=1)
    d = s.node("interpolate", s.conv(c, 40, 3, groups=40), scale_factor=2.0, mode="bilinear")
    overlapping = 0
    for call, arguments, out in alone(step for part in planned(s, d, a).parts for step in part.steps):
        for argument in arguments:
            if isinstance(argument, np.ndarray) and np.may_share_memory(argument, out):
                same = argument.__array_interface__ == out.__array_interface__
                assert same or not np.shares_memory(argument, out, max_work=10**6), call
                overlapping += same
    assert overlapping > 0
