import pytest

from mcore.platform.errors import BackendError
from mcore.platform.runtime import Program
from mcore.platform.runtime.timing import timings
from tests.mcore.platform.runtime.graphs import Sketch


def program(mode: str) -> tuple[Program, Sketch]:
    s = Sketch()
    x = s.input("x", 1, 3, 16, 16)
    y = s.node("add", s.node("relu", s.conv(x, 8)), s.conv(x, 8, 1))
    return Program(s.graph(s.node("erf", y)), s.weights, {"x": (1, 3, 16, 16)}, mode), s


def test_every_operation_with_what_is_fused_into_it() -> None:
    planned, s = program("default")
    found = timings(planned, s.arrays(), runs=2)
    assert [(t.ops, t.form) for t in found] == [
        ("conv2d", "PointwiseConvolution"), ("conv2d+relu+combine", "Im2colConvolution"), ("erf", "Plain erf"),
    ]  # fmt: skip
    assert all(t.ms >= 0 for t in found)
    assert [t.label.split()[0] for t in found] == ["node"] * 3


def test_a_program_without_a_plan_is_refused() -> None:
    reference, s = program("reference")
    with pytest.raises(BackendError, match="reference mode has no plan"):
        timings(reference, s.arrays())
