"""Quotients of sizes against plain division: exact while rounded or compared, a leak where they become a number."""

import copy
import math
import operator
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mcore.convert import capture
from mcore.convert.quotient import Quotient
from mcore.convert.running import Size, seeded_inputs
from mcore.convert.symbolic import Sym, expression, size
from mcore.platform.dims import evaluate, symbol
from mcore.sampling import Sampling
from tests.mcore.convert.harness import assert_close, platform_outputs, torch_outputs


class Log:
    def __init__(self):
        self.guards, self.leaks = [], []

    def guard(self, relation, left, right):
        self.guards.append(f"{left} {relation} {right}")

    def leak(self, what):
        self.leaks.append(what)


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def h(log):
    return size(225, symbol("H"), log)


@given(
    value=st.integers(1, 500), under=st.integers(1, 40), factor=st.integers(-3, 3), shift=st.integers(-50, 50),
    other=st.integers(1, 500),
)  # fmt: skip
def test_rounding_is_right_at_every_size(value, under, factor, shift, other):
    log = Log()
    over = size(value, symbol("H"), log) + shift
    for function in (math.ceil, math.floor):
        found = function(over / under * factor)
        assert found == function(factor * (value + shift) / under)
        assert evaluate(expression(found), {"H": other}) == function(factor * (other + shift) / under)
    assert not log.leaks


def test_truncation_is_towards_zero_on_either_side(h, log):
    assert math.trunc((h - 300) / 7) == math.trunc(-75 / 7)
    assert math.trunc(h / 7) == math.trunc(225 / 7)
    assert log.guards[0] == "H - 300 < 0"
    assert not log.leaks


def test_the_padding_of_tensorflow_keeps_its_expression(h, log):
    padding = (math.ceil(h / 2) - 1) * 2 + 3 - h
    assert padding == 2 * 112 + 3 - 225
    assert isinstance(padding, Sym)
    assert not log.leaks


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize("other", [15, 14.0, 14.0625, 16])
def test_comparisons_are_those_of_numbers(name, other, h, log):
    compare = getattr(operator, name)
    assert compare(h / 16, other) == compare(225 / 16, other)
    assert compare(other, h / 16) == compare(other, 225 / 16)
    assert bool(log.leaks) == (other == 14.0625)


def test_a_comparison_is_a_guard_on_integers(h, log):
    assert h / 16 > 14
    assert h / 16 < h / 8
    assert log.guards[0] == "H > 224"
    assert h / 2
    assert not log.leaks


def test_what_is_the_same_at_every_size_is_a_plain_number(h, log):
    assert type(h * 3 / h) is float
    assert h * 3 / h == 3.0
    assert not log.leaks


PLAIN = [
    lambda q: q + 1,
    lambda q: 1 - q,
    lambda q: q * 0.5,
    lambda q: 0.5 * q,
    lambda q: q / 2,
    lambda q: 2 / q,
    lambda q: q // 1,
    lambda q: q % 2,
    lambda q: q**2,
    lambda q: 2**q,
    lambda q: q - q,
    lambda q: abs(q),
    lambda q: int(q),
    lambda q: round(q),
    lambda q: round(q, 1),
    lambda q: math.sqrt(q),
    lambda q: float(f"{q:.3f}"),
    lambda q: float(str(q)),
    lambda q: hash(q),
]


@pytest.mark.parametrize("function", PLAIN)
def test_anything_else_gives_the_plain_answer_and_is_logged(function, h, log):
    assert function(h / 16) == pytest.approx(function(225 / 16), rel=1e-3)
    assert set(log.leaks) == {"/"}


def test_signs_and_copies_keep_it(h, log):
    quotient = -(+(h / 16))
    assert isinstance(quotient, Quotient)
    assert math.floor(copy.deepcopy({"q": quotient})["q"]) == math.floor(-225 / 16)
    assert not log.leaks


def test_what_is_no_number_is_not_its_business(h):
    with pytest.raises(TypeError):
        h / 16 + "1"
    assert (h / 16 == "14") is False


class Same(torch.nn.Module):
    """Pads as TensorFlow does, then convolves with stride two."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3, stride=2)

    def forward(self, x):
        pads = []
        for extent in (x.shape[3], x.shape[2]):
            total = max((math.ceil(extent / 2) - 1) * 2 + 3 - extent, 0)
            pads += [total // 2, total - total // 2]
        return self.conv(torch.nn.functional.pad(x, pads))


class With(torch.nn.Module):
    """Does something with the input and a quotient of its height."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x, x.shape[2] / 16)


SAMPLING = Sampling.image(3, ((16, 20), (12, 18), (13, 17)), minimum=8)


def test_one_graph_serves_even_and_odd_sizes():
    torch.manual_seed(0)
    model = Same().eval()
    captured = capture(model, SAMPLING)
    assert not captured.graph.guards
    for height, width in ((31, 8), (10, 11)):
        inputs = seeded_inputs(SAMPLING, Size(1, height, width), "unseen")
        outputs = platform_outputs(captured.graph, captured.weights, inputs)
        assert_close(outputs, torch_outputs(model, inputs), 1e-5)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, q: x * q,
        lambda x, q: q - x,
        lambda x, q: torch.nn.functional.interpolate(x, scale_factor=q),
        lambda x, q: x + torch.tensor(q),
        lambda x, q: x * float(np.ceil(q)),
    ],
)
def test_a_tensor_that_meets_one_is_a_leak(function):
    captured = capture(With(function), SAMPLING)
    assert re.search(r"by (/|float\(\)), which would be baked", captured.report.fallback)
    assert len(captured.graphs) == len(SAMPLING.sizes)


def test_code_that_insists_on_a_number_is_a_leak_and_the_model_not_blamed():
    captured = capture(With(torch.clamp), SAMPLING)
    assert re.search(r"test_quotient.py.* takes a quotient of sizes for a number", captured.report.fallback)
