from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.cli.convert import parse_parameters
from farm.errors import ExitCode, UsageError
from tests.farm.cli.conftest import Said


@pytest.mark.parametrize(
    ("given_", "parsed"),
    [
        ((), {}),
        (("num_classes=10",), {"num_classes": 10}),
        (("a=1.5", "b=true", "c=null"), {"a": 1.5, "b": True, "c": None}),
        (("sizes=[1, 2]",), {"sizes": [1, 2]}),
        (("norm=BatchNorm2d",), {"norm": "BatchNorm2d"}),
        (('name="10"',), {"name": "10"}),
        (("text=",), {"text": ""}),
        (("expression=a=b",), {"expression": "a=b"}),
    ],
)
def test_a_value_is_json_where_it_reads_as_json(given_: tuple[str, ...], parsed: dict[str, Any]) -> None:
    assert parse_parameters(given_) == parsed


@pytest.mark.parametrize("pair", ["classes", "=1", "two words=1", "1st=1", "a.b=1"])
def test_what_is_no_parameter(pair: str) -> None:
    with pytest.raises(UsageError, match="is not KEY=VALUE"):
        parse_parameters((pair,))


def test_a_parameter_given_twice() -> None:
    with pytest.raises(UsageError, match="--parameter a is given twice"):
        parse_parameters(("a=1", "a=1"))


@given(st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.lists(st.integers(), max_size=3))
def test_every_json_value_can_be_given(value: object) -> None:
    assert parse_parameters((f"key={json.dumps(value)}",)) == {"key": value}


@pytest.mark.usefixtures("tiny")
def test_a_file_where_the_folder_would_be_is_said_in_one_line(farm: Callable[..., Said]) -> None:
    said = farm("convert", "tiny", "--out", "inventory.yaml")
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert said.err.rstrip().endswith("inventory.yaml: no folder for bundles can be made: File exists")
