"""Graphs that ask for more than there is: refused when they are planned, by a line that names the node."""

import os
import time
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform import pages
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, PlatformError, ResourceError
from mcore.platform.graph import TensorType
from mcore.platform.runtime import Model, Program, limits, memory
from tests.fuzz import graphs
from tests.mcore.platform.runtime.graphs import Sketch, assert_planned_right, run

MODES = ("default", "exact", "reference")


def image(*shape: int) -> tuple[Sketch, str]:
    s = Sketch()
    return s, s.input("x", *shape)


def full(s: Sketch, *size: int) -> str:
    return s.node("full", size=size, fill_value=1.0)


ENDLESS = {
    "a range of terabytes": lambda s, x: s.node("arange", start=0, end=2**47),
    "a tensor of petabytes": lambda s, x: full(s, 2**20, 2**20, 2**10),
    "an empty tensor of all sizes": lambda s, x: full(s, 2**40, 2**40, 0),
    "more and more": lambda s, x: s.node(
        "repeat", s.node("repeat", x, repeats=(2**20, 1, 1, 1)), repeats=(2**20, 1, 1, 1)
    ),
    "a border of terabytes": lambda s, x: s.node("pad", x, pad=(2**40, 2**40)),
    "an image of terabytes": lambda s, x: s.node("interpolate", x, size=(2**21, 2**21)),
    "a border that no window leaves": lambda s, x: s.conv(x, 4, stride=2**40, padding=(2**40, 2**40)),
    "a window over nothing": lambda s, x: s.node("avg_pool2d", x, kernel_size=2**40, ceil_mode=True),
    "a window over padding": lambda s, x: s.node("max_pool2d", x, kernel_size=2**31, padding=2**30, stride=1),
    "a step beyond the address space": lambda s, x: s.conv(x, 4, stride=2**62),
    "taps beyond the address space": lambda s, x: s.conv(x, 4, kernel=1, dilation=2**62, padding=(0, 0)),
    "a transposed convolution cut to nothing": lambda s, x: s.node(
        "conv_transpose2d", x, s.normal(3, 4, 3, 3), stride=2**20, padding=(2**20 * 3, 2**20 * 3)
    ),
    "bins with places": lambda s, x: s.nodes_of("adaptive_max_pool2d", x, output_size=(7, 2**16), return_indices=True)[
        0
    ],
    "bins without end": lambda s, x: s.node("adaptive_max_pool2d", x, output_size=(1, 2**30)),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("make", ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_is_refused(make, mode, monkeypatch):
    monkeypatch.setattr(limits, "memory_bytes", lambda: 1 << 34)
    s, x = image(1, 3, 8, 8)
    value = make(s, x)
    started = time.perf_counter()
    with pytest.raises((ResourceError, GraphError), match=r"^node \d+ \(\w+ of layer\d+\): "):
        Program(s.graph(value), s.weights, {"x": (1, 3, 8, 8)}, mode)
    assert time.perf_counter() - started < 10


def test_the_line_says_what_is_asked_for_and_what_is_there(monkeypatch):
    monkeypatch.setattr(limits, "memory_bytes", lambda: 1 << 34)
    s, x = image(1, 3, 8, 8)
    y = s.node("add", x, full(s, 2**42, 1, 1, 1))
    with pytest.raises(ResourceError) as caught:
        Program(s.graph(y), s.weights, {"x": (1, 3, 8, 8)})
    assert str(caught.value) == "node 0 (full of layer0): the result takes 1.638e+04 GiB, this machine has 16"


def test_values_that_fit_one_by_one_but_not_together(monkeypatch):
    s, x = image(1, 4, 64, 64)
    values = [s.node("mul", x, other=float(i)) for i in range(8)]
    total = s.node("cat", *values, dim=1)
    graph, shapes = s.graph(total), {"x": (1, 4, 64, 64)}
    Program(graph, s.weights, shapes)
    monkeypatch.setattr(limits, "memory_bytes", lambda: 10 << 16)
    with pytest.raises(ResourceError, match="the plan takes"):
        Program(graph, s.weights, shapes)


def test_a_model_refuses_the_size_and_not_the_network(monkeypatch):
    from mcore.platform.dims import symbol
    from mcore.platform.graph import Symbol

    s = Sketch()
    s.symbols = {"H": Symbol("H", 1, 1 << 30)}
    y = s.node("interpolate", s.input("x", 1, 1, symbol("H"), 1), scale_factor=1024.0)
    model = Model(s.graph(y), s.weights)
    monkeypatch.setattr(limits, "memory_bytes", lambda: 64 << 20)
    with pytest.raises(ResourceError):
        model.program({"x": (1, 1, 1 << 12, 1)})
    assert model.run({"x": np.ones((1, 1, 2, 1), np.float32)})["out"].shape == (1, 1, 2048, 1024)


@pytest.mark.parametrize(
    "make",
    [
        lambda s, x: s.node("avg_pool2d", x, kernel_size=(64, 48)),
        lambda s, x: s.conv(x, 4, kernel=(31, 31), padding=(15, 15)),
        lambda s, x: s.conv(x, 4, dilation=24, padding=(24, 24)),
        lambda s, x: s.node("max_pool2d", x, kernel_size=3, stride=2, padding=1, ceil_mode=True),
        lambda s, x: s.node("conv_transpose2d", x, s.normal(3, 4, 16, 16), stride=8, padding=4, output_padding=7),
        lambda s, x: s.node("adaptive_avg_pool2d", x, output_size=(7, 200)),
    ],
)
def test_large_windows_of_real_networks_are_planned(make, monkeypatch):
    monkeypatch.setattr(limits, "memory_bytes", lambda: 256 << 20)
    s, x = image(2, 3, 64, 48)
    assert_planned_right(s, make(s, x))


@pytest.mark.parametrize(
    "make",
    [
        lambda s, x: s.conv(x, 4),
        lambda s, x: s.conv(x, 4, kernel=1),
        lambda s, x: s.conv(x, 4, stride=2),
        lambda s, x: s.node("relu", s.norm(s.conv(x, 8))),
        lambda s, x: s.node("max_pool2d", x, kernel_size=2),
        lambda s, x: s.node("interpolate", x, scale_factor=2.0),
        lambda s, x: s.node("add", x, x),
        lambda s, x: s.node("adaptive_avg_pool2d", x, output_size=1),
        lambda s, x: s.linear(s.node("flatten", x, start_dim=1), 5),
    ],
)
def test_a_batch_of_none_gives_outputs_of_none(make):
    s, x = image(0, 4, 12, 12)
    assert_planned_right(s, make(s, x))


def test_weights_that_overflow_are_planned_without_a_word():
    s, x = image(1, 1, 4, 4)
    zero, huge = (s.weight(np.full(1, v, np.float32)) for v in (-1.0, 3e38))
    y = s.node("batch_norm", s.conv(x, 1), zero, zero, huge, huge)
    y = s.node("mul", y, other=1e300)
    assert not np.isfinite(run(s, y)["out"]).any()


def test_memory_is_that_of_the_machine(monkeypatch):
    limits.memory_bytes.cache_clear()
    assert 1 << 28 < limits.memory_bytes() < 1 << 48
    limits.memory_bytes.cache_clear()
    monkeypatch.delattr(os, "sysconf")
    assert limits.memory_bytes() == 64 << 30
    limits.memory_bytes.cache_clear()


def test_a_system_that_gives_no_memory(monkeypatch):
    def refused(*_):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(pages.mmap, "mmap", refused)
    with pytest.raises(MemoryError, match="no memory for the 4096 bytes of a plan"):
        memory.Arena(4096)


def test_a_value_of_the_same_size_in_fewer_bytes_fits(monkeypatch):
    monkeypatch.setattr(limits, "memory_bytes", lambda: 1000)
    limits.check_type("v", TensorType(DType.INT8, (10, 100)))
    with pytest.raises(ResourceError):
        limits.check_type("v", TensorType(DType.INT16, (10, 100)))


DOCUMENTS = [graphs.document_of(example) for example in graphs.examples()]


@settings(max_examples=500, deadline=20_000)
@given(st.integers(0, 2**64 - 1))
def test_whatever_the_attributes_say_a_graph_runs_or_is_refused(seed):
    """Every op, with numbers of any magnitude: in 64 MiB and in no time, or not at all."""
    random = Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "memory_bytes", lambda: 64 << 20)
        graphs.check(graphs.mutated(random.choice(DOCUMENTS), random))


def test_absurd_attributes_are_mostly_let_through_by_the_reader():
    """Else the property above would not be about planning."""
    refused = passed = 0
    for seed in range(600):
        random = Random(seed)
        try:
            graph = graphs.repaired(graphs.mutated(random.choice(DOCUMENTS), random))
        except graphs.NONSENSE:
            continue
        passed += 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "memory_bytes", lambda: 64 << 20)
            try:
                graphs.run(graph)
            except PlatformError:
                refused += 1
    assert passed > 100
    assert refused > 0
