"""The running module, the line of model code, and acting as another module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import mcore
from mcore.convert.places import Scope, Scopes, acting_as, model_frame, position, raised_at, statement


class Probe(nn.Module):
    """Notes the scope in which it runs."""

    def __init__(self, scopes: list):
        super().__init__()
        self.held = scopes
        self.seen = []

    def forward(self, x):
        self.seen.append(self.held[0].current)
        return x


def probed(*names: str) -> tuple[nn.Module, Probe, Scopes]:
    held: list[Scopes] = []
    model = probe = Probe(held)
    for name in reversed(names):
        outer = nn.Sequential()
        outer.add_module(name, model)
        model = outer
    held.append(Scopes(model))
    return model, probe, held[0]


def test_the_innermost_running_module_is_known_by_its_path():
    model, probe, scopes = probed("body", "0")
    with scopes.following():
        model(1)
    assert probe.seen == [Scope("body.0", "Probe")]
    assert scopes.current == Scope("", "Sequential")
    assert scopes.leaves_met == {"Probe"}


def test_nothing_is_followed_outside_of_the_context():
    model, probe, scopes = probed("body")
    model(1)
    assert probe.seen == [Scope("", "Sequential")]
    assert scopes.leaves_met == set()


def test_a_module_that_is_not_the_model_s_is_no_scope():
    _, probe, scopes = probed("body")
    with scopes.following():
        nn.Sequential(nn.Identity())(1)
        assert scopes.current.path == ""
    assert probe.seen == []


def test_what_is_left_over_of_a_forward_that_raised_goes_with_the_module_around_it():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError

    class Tries(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Fails()

        def forward(self, x):
            try:
                return self.inner(x)
            except ValueError:
                return x

    model = nn.Sequential(Tries(), nn.Identity())
    scopes = Scopes(model)
    with scopes.following():
        model(1)
    assert scopes.current == Scope("", "Sequential")


def test_when_a_forward_raises_the_scope_stays_where_it_was():
    model = nn.Sequential(nn.Sequential(nn.Linear(3, 3)))
    scopes = Scopes(model)
    with pytest.raises(RuntimeError), scopes.following():
        model(torch.ones(1, 2))
    assert scopes.current == Scope("0.0", "Linear")
    assert scopes.place("net.py:7") == "0.0 (Linear), net.py:7"
    assert scopes.place("") == "0.0 (Linear)"


def test_a_module_at_two_paths_is_known_by_the_first():
    act = nn.ReLU()
    scopes = Scopes(nn.Sequential(act, act))
    assert scopes._modules[id(act)] == Scope("0", "ReLU")


def test_acting_as_another_module():
    scopes = Scopes(nn.Identity())
    with acting_as("layer1", "Conv2d"):
        assert scopes.current == Scope("", "Identity")
    with scopes.following(), acting_as("layer1", "Conv2d"):
        assert scopes.current == Scope("layer1", "Conv2d")
    assert scopes.current == Scope("", "Identity")


def test_the_line_of_model_code_is_the_first_that_is_not_torch_s():
    found = []

    class Looks(nn.Module):
        def forward(self, x):
            found.append(model_frame("no such function"))
            return x

    nn.Sequential(Looks())(1)
    assert found[0].f_code.co_name == "forward"
    assert position(found[0]).startswith("tests/mcore/convert/test_places.py:")


def test_a_statement_does_not_hold_its_number():
    frame = sys._getframe()
    text = statement(frame)
    assert text == (
        "tests/mcore/convert/test_places.py, test_a_statement_does_not_hold_its_number: text = statement(frame)"
    )
    assert statement(None) == position(None) == ""


def test_code_without_a_file_still_has_a_place():
    space: dict = {"__name__": "generated"}
    exec("import sys\ndef where():\n    return sys._getframe()", space)
    frame = space["where"]()
    assert position(frame) == "<string>:3"
    assert statement(frame) == "<string>, where"


@pytest.mark.parametrize(
    ("file", "seen"),
    [
        (f"{Path(torch.__file__).parent}/nn/functional.py", False),
        (f"{Path(torch.__file__).parent}vision/models/resnet.py", True),
        (f"{Path(mcore.__file__).parent}/functional.py", False),
        (f"{Path(mcore.__file__).parent.parent}/models/heads.py", True),
    ],
)
def test_torch_and_the_backend_are_no_model_code_and_torchvision_is(file, seen):
    space: dict = {"__name__": "resnet", "model_frame": model_frame}
    exec(compile("def where():\n    return model_frame('no such function')", file, "exec"), space)
    frame = space["where"]()
    assert (frame.f_code.co_name == "where") is seen


def test_an_error_was_raised_at_the_innermost_line_of_model_code():
    with pytest.raises(RuntimeError) as raised:
        nn.Linear(3, 3)(torch.ones(1, 2))
    assert raised_at(raised.value).startswith("tests/mcore/convert/test_places.py:")
    assert raised_at(ValueError()) == ""
