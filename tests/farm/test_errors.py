from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm import errors
from farm.errors import ExitCode, FarmError, NotFoundError, near


def test_the_tree_is_drawn_as_it_is() -> None:
    assert errors.__doc__
    drawn = re.findall(r"(\w+Error) +(\d?)", errors.__doc__.split("::", 1)[1])
    classes = {c.__name__: c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, FarmError)}
    assert sorted(name for name, _ in drawn) == sorted(classes)
    assert {name: str(int(classes[name].exit_code)) for name, code in drawn if code} == dict(d for d in drawn if d[1])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet5", "; did you mean resnet50, resnet18?"),
        ("RESNET50", "; did you mean resnet50, resnet18?"),
        ("ufcn", "; did you mean fcn?"),
        ("xyzzy", ""),
        ("", ""),
    ],
)
def test_near_names_are_suggested(name: str, said: str) -> None:
    assert near(name, ["resnet18", "resnet50", "FPNHead", "fcn"]) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet5", "; did you mean resnet50, ResNet50, resnet18?"),
        ("ResNet5", "; did you mean ResNet50, resnet50, ResNet18?"),
        ("RESNET50", "; did you mean ResNet50, resnet50, ResNet18?"),
    ],
)
def test_names_that_differ_only_in_case_are_several(name: str, said: str) -> None:
    assert near(name, ["resnet18", "ResNet18", "resnet50", "ResNet50", "fcn"]) == said


def test_what_is_not_found_is_said_with_what_is_near() -> None:
    error = NotFoundError("device type", "nunpy", ["numpy", "torch"])
    assert str(error) == "no device type named 'nunpy'; did you mean numpy?"
    assert error.exit_code == ExitCode.NOT_FOUND


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=8))
def test_only_known_names_are_suggested_and_three_at_most(name: str, known: list[str]) -> None:
    said = near(name, known)
    assert said == "" or said.startswith("; did you mean ")
    if len(set(known)) == len(known) and all(k.isalnum() for k in known) and said:
        suggested = said.removeprefix("; did you mean ").removesuffix("?").split(", ")
        assert set(suggested) <= set(known)
        assert len(suggested) == len(set(suggested)) <= 3
    if name and name in known:
        assert name.casefold() in said.casefold()
