"""Nodes as they are recorded: types, attributes, constants, guards and leaks."""

from __future__ import annotations

from functools import reduce
from operator import add

import pytest
import torch
from torch import nn

from mcore.convert import CaptureRefused
from mcore.convert.places import Scopes
from mcore.convert.recorder import MAX_SIZE_WEIGHT, Recorder, Value, platform_dtype
from mcore.convert.symbolic import size
from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.graph import Guard, TensorType

H = symbol("H")


@pytest.fixture
def recorder():
    return Recorder({"N": 2, "H": 8}, Scopes(nn.Identity()))


@pytest.fixture
def x():
    return Value("x", TensorType(DType.FLOAT32, (symbol("N"), 4, H)))


def test_a_node_has_the_type_that_the_op_s_own_rule_gives(recorder, x):
    result = recorder.emit("flatten", [x], start_dim=1)
    assert result.type == TensorType(DType.FLOAT32, (symbol("N"), 4 * H))
    assert result.rank == 2
    assert recorder.concrete(result.type) == (2, 32)
    (node,) = recorder.nodes
    assert (node.op, node.inputs, node.outputs) == ("flatten", ("x",), (result.name,))
    assert node.source == "Identity"


def test_attributes_are_canonical_and_defaults_are_left_out(recorder, x):
    recorder.emit("flatten", [x], start_dim=0, end_dim=-1)
    recorder.emit("permute", [x], dims=torch.Size([0, 2, 1]))
    recorder.emit("reshape", [x], shape=[size(8, H, recorder), -1])
    recorder.emit("cast", [x], dtype=torch.float64)
    attributes = [node.attributes for node in recorder.nodes]
    assert attributes == [{}, {"dims": (0, 2, 1)}, {"shape": (H, -1)}, {"dtype": DType.FLOAT64}]
    assert not recorder.guards
    assert not recorder.leaks


def test_absent_inputs_at_the_end_are_left_out(recorder, x):
    weight = recorder.weight("w", torch.ones(3, 4, 1))
    recorder.emit("conv1d", [x, weight, None])
    assert recorder.nodes[0].inputs == ("x", "@w")


def test_what_takes_no_input_and_no_size_is_a_constant(recorder):
    constant = recorder.emit("full", [], size=(2,), fill_value=1.5)
    assert constant.name == "@constant"
    assert recorder.weights["constant"][1].tolist() == [1.5, 1.5]
    sized = recorder.emit("full", [], size=(size(8, H, recorder),), fill_value=1.5)
    assert sized.name.startswith("%")
    assert len(recorder.nodes) == 1


@pytest.mark.parametrize(
    ("op", "attributes", "what"),
    [
        ("flatten", {"start_dim": 7}, "op 'flatten': dimension 7 is out of range for rank 3"),
        ("permute", {"dims": (0, "a")}, "op 'permute': attribute 'dims' must be ints"),
        ("cumsum", {"dim": "H"}, "op 'cumsum': attribute 'dim' must be int"),
        ("tanh", {"slope": 2}, "op 'tanh' has no attribute 'slope'"),
    ],
)
def test_what_does_not_fit_the_op_is_refused_with_the_place(op, attributes, what, recorder, x):
    with pytest.raises(CaptureRefused, match=f"Identity.*: {what}"):
        recorder.emit(op, [x], **attributes)


def test_an_attribute_that_takes_no_size_refuses_one(recorder, x):
    with pytest.raises(CaptureRefused, match="attribute 'dim' must be int"):
        recorder.emit("cumsum", [x], dim=size(8, H, recorder))


def test_guards_are_kept_once_and_leaks_by_place(recorder):
    for _ in range(2):
        recorder.guard(">", H, 7)
        recorder.leak("int()")
    (guard,) = recorder.guards
    assert (guard.relation, guard.left, guard.right) == (">", H, 7)
    assert isinstance(guard, Guard)
    assert guard.source.startswith("tests/mcore/convert/test_recorder.py, ")
    assert list(recorder.leaks.values()) == ["int()"]


def test_element_types():
    assert platform_dtype(torch.float16) is DType.FLOAT16
    assert platform_dtype(torch.bool) is DType.BOOL
    with pytest.raises(ValueError, match="no element type complex64"):
        platform_dtype(torch.complex64)


def test_a_size_that_is_too_large_an_expression_is_refused(recorder, x):
    sides = [H // divisor for divisor in range(2, MAX_SIZE_WEIGHT // 4 + 4)]
    large = reduce(add, sides)
    assert large.weight > MAX_SIZE_WEIGHT
    with pytest.raises(CaptureRefused, match=rf"a size of full takes {large.weight} symbols and operations to tell"):
        recorder.emit("full", [], size=[size(20, large, recorder)], fill_value=0.0)
    assert recorder.emit("full", [], size=[size(20, reduce(add, sides[:20]), recorder)], fill_value=0.0).rank == 1
    assert len(recorder.nodes) == 1
