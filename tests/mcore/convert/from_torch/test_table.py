"""How entries get into the table, and what mappings share."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mcore.convert import CaptureRefused, capture
from mcore.convert.from_torch import MAPPINGS, QUERIES, RANDOM
from mcore.convert.from_torch.table import callables, direct, gathered, getter, maps, sequence, whole
from mcore.convert.places import Scopes
from mcore.convert.recorder import Recorder
from mcore.platform.dims import symbol
from tests.mcore.convert.harness import IMAGE, Apply, ops


@pytest.fixture
def recorder():
    return Recorder({}, Scopes(nn.Identity()))


def test_a_name_stands_for_functions_and_methods_in_place_forms_too():
    found = callables("relu")
    assert {F.relu, torch.relu, Tensor.relu, Tensor.relu_, torch.relu_} <= set(found)
    with pytest.raises(LookupError, match="torch has no function 'no_such'"):
        callables("no_such")


def test_a_mapping_is_found_by_each_of_its_targets():
    for target in (F.conv2d, torch.conv2d, Tensor.add, torch.add, Tensor.add_, F.silu, getter("T")):
        assert target in MAPPINGS
    assert MAPPINGS[F.interpolate] is not MAPPINGS[F.pad]


def test_the_first_entry_of_a_function_stays():
    kept = MAPPINGS[torch.tanh]

    @maps(torch.tanh)
    def other(recorder, input):
        raise AssertionError

    assert MAPPINGS[torch.tanh] is kept


def test_no_function_is_both_asked_and_mapped():
    assert not QUERIES & MAPPINGS.keys()
    assert not RANDOM & MAPPINGS.keys()


def test_every_mapping_takes_the_recorder_first():
    for target, mapping in MAPPINGS.items():
        first = next(iter(inspect.signature(mapping).parameters))
        assert first == "recorder", target


DIRECT = [
    (lambda x: F.leaky_relu(x, 0.1), {"negative_slope": 0.1}),
    (lambda x: F.leaky_relu(x, negative_slope=0.1), {"negative_slope": 0.1}),
    (lambda x: F.leaky_relu(input=x, negative_slope=0.1, inplace=False), {"negative_slope": 0.1}),
    (lambda x: F.leaky_relu(x, 0.01), {}),
]


@pytest.mark.parametrize(("function", "attributes"), DIRECT)
def test_arguments_of_a_direct_mapping_go_by_order_or_name(function, attributes):
    (node,) = capture(Apply(function), IMAGE).graph.nodes
    assert node.attributes == attributes


def test_a_direct_mapping_refuses_what_the_op_does_not_have(recorder, monkeypatch):
    def strange(x, *rest, **more):
        if torch.overrides.has_torch_function((x,)):
            return torch.overrides.handle_torch_function(strange, (x,), x, *rest, **more)
        return torch.tanh(x)

    direct("tanh", strange)
    try:
        assert ops(capture(Apply(lambda x: strange(x, out=None)), IMAGE).graph) == ["tanh"]
        with pytest.raises(CaptureRefused, match="tanh is called with argument 'slope', which the op does not have"):
            capture(Apply(lambda x: strange(x, slope=2)), IMAGE)
        with pytest.raises(CaptureRefused, match="tanh is called with more arguments than the op has"):
            capture(Apply(lambda x: strange(x, 2)), IMAGE)
    finally:
        del MAPPINGS[strange]


@pytest.mark.parametrize(
    ("first", "rest", "wanted"),
    [
        (1, (2, 3), (1, 2, 3)),
        ((1, 2), (), (1, 2)),
        ([1], (), (1,)),
        (torch.Size([2, 3]), (), (2, 3)),
        (1, (), (1,)),
        (None, (), ()),
    ],
)
def test_a_sequence_may_be_one_argument_or_several(first, rest, wanted):
    assert sequence(first, rest) == wanted


def test_a_sequence_may_have_a_keyword(recorder):
    assert gathered(recorder, (1, 2), {}, "dims") == (1, 2)
    assert gathered(recorder, (), {"dims": (1, 2)}, "dims") == (1, 2)
    for args, named in (((), {}), ((1,), {"other": 2}), ((), {"size": (1,)})):
        with pytest.raises(CaptureRefused, match="dims is given in a way"):
            gathered(recorder, args, dict(named), "dims")


def test_a_whole_number_is_not_one_that_depends_on_the_input(recorder):
    assert whole(recorder, 3, "the width") == 3
    with pytest.raises(CaptureRefused, match=r"the width depends on the size of the input \(H\)"):
        whole(recorder, symbol("H"), "the width")
