"""Which tensor is which value: identity, constants, memory that is written."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mcore.convert import CaptureRefused
from mcore.convert.places import Scopes
from mcore.convert.recorder import Recorder, Value
from mcore.convert.tracking import Tracking, tensors
from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType

KIND = TensorType(DType.FLOAT32, (2,))


def tracking_of(model: nn.Module | None = None) -> Tracking:
    model = model or nn.Identity()
    return Tracking(model, Recorder({}, Scopes(model)))


def test_parameters_and_buffers_are_values_from_the_start():
    model = nn.BatchNorm2d(3)
    tracking = tracking_of(model)
    assert tracking.value(model.weight).name == "@weight"
    assert tracking.value(model.running_mean).name == "@running_mean"
    assert tracking.depends(model.weight)


def test_a_tensor_is_known_by_identity_and_forgotten_with_it():
    tracking = tracking_of()
    for _ in range(50):  # memory, and so the identity, is used again
        tensor = torch.ones(2)
        assert tracking.value(tensor) is None
        tracking.bind(tensor, Value("v", KIND))
        assert tracking.value(tensor).name == "v"
        del tensor


def test_attributes_are_constants_under_their_names():
    model = nn.Sequential(nn.Identity())
    model[0].grids = {"small": [torch.zeros(2), torch.ones(2)]}
    tracking = tracking_of(model)
    held = model[0].grids["small"][1]
    assert tracking.is_constant(held)
    assert not tracking.depends(held)
    assert tracking.lift(held).name == "@0.grids.small.1"
    assert tracking.lift(held) is tracking.lift(held)


def test_a_constant_that_takes_the_name_of_a_weight_is_numbered():
    model = nn.Module()
    model.register_buffer("constant", torch.ones(1))
    tracking = tracking_of(model)
    first, second = torch.zeros(1), torch.zeros(1)
    tracking.made_constant([first, second])
    assert [tracking.lift(t).name for t in (first, second)] == ["@constant_1", "@constant_2"]


def test_an_unknown_tensor_is_refused():
    with pytest.raises(CaptureRefused, match="register it as a buffer"):
        tracking_of().lift(torch.ones(2))


def test_a_constant_is_lifted_as_it_is_at_that_moment():
    tracking = tracking_of()
    tensor = torch.ones(2)
    tracking.made_constant(tensor)
    tracking.lift(tensor)
    tensor[0] = 5
    assert tracking.lift(tensor).name == "@constant_1"
    content = {name: held.tolist() for name, (_, held) in tracking._recorder.weights.items()}
    assert content == {"constant": [1.0, 1.0], "constant_1": [5.0, 1.0]}


def test_after_a_write_through_a_view_that_no_node_made_the_others_are_lost():
    tracking = tracking_of()
    base = torch.zeros(4)
    view, apart = base[:2], torch.zeros(4)
    for name, tensor in (("base", base), ("apart", apart)):
        tracking.bind(tensor, Value(name, KIND))
    tracking.bind_made(view, Value("view", KIND), [base], [])
    assert tracking.written(view, Value("new", KIND), "net.py:3") == []
    assert tracking.value(view).name == "new"
    assert tracking.value(apart).name == "apart"
    with pytest.raises(CaptureRefused, match=r"overwritten through a view of it at net\.py:3; clone it first"):
        tracking.value(base)


def test_a_view_is_one_only_of_what_it_shares_memory_with():
    tracking = tracking_of()
    base, copied = torch.zeros(4), torch.zeros(4)
    tracking.bind(base, Value("base", KIND))
    tracking.bind_made(copied, Value("copied", KIND), [base], [])
    tracking.written(copied, Value("new", KIND), "net.py:3")
    assert tracking.value(base).name == "base"


def test_a_constant_on_written_memory_is_none_any_more():
    tracking = tracking_of()
    base = torch.zeros(4)
    view = base[:2]
    tracking.made_constant([base, view])
    tracking.written(view, Value("new", KIND), "net.py:3")
    assert not tracking.is_constant(base)
    assert tracking.value(view).name == "new"


def test_a_write_to_a_weight_is_refused():
    model = nn.Linear(2, 2)
    tracking = tracking_of(model)
    with pytest.raises(CaptureRefused, match="writes a parameter or buffer in place"):
        tracking.written(model.weight.detach()[:1], Value("new", KIND), "")


def test_tensors_are_found_in_whatever_holds_them():
    a, b, c = torch.zeros(1), torch.ones(1), torch.ones(2)
    assert list(tensors(([a, {"k": (b,)}], slice(None, c), "text", 3))) == [a, b, c]
