"""The way of an architecture that the design page tells leads through code that is there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.reading import ROOT

ROOMS = re.findall(r"^\| \d+ \| `([\w/]+\.py):(\w+)` \|", (ROOT / "docs" / "design.md").read_text(), re.MULTILINE)


def test_the_whole_way_is_told() -> None:
    assert len(ROOMS) == 12


@pytest.mark.parametrize(("file", "name"), ROOMS)
def test_each_room_is_there(file: str, name: str) -> None:
    body = ast.parse((ROOT / file).read_text()).body
    assert name in {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
