"""What docs/guarantees.md promises is proved by tests that are there, and it promises no more than it can."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from farm.failpoints import NAMES

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PROOFS = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", TEXT)))


@pytest.mark.parametrize(("path", "name"), PROOFS)
def test_a_proof_is_there(path: str, name: str) -> None:
    defined = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    assert name in {node.name for node in defined if isinstance(node, ast.FunctionDef)}


def test_every_claim_has_its_proof() -> None:
    promised = TEXT[: TEXT.index("## What it costs")]
    rows = [
        line
        for line in promised.splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| claim", "| fault"))
    ]
    assert len(rows) > 30
    assert [row for row in rows if "::test_" not in row.rpartition(" | ")[2]] == []


def test_every_fault_that_is_tried_stands_there() -> None:
    """A row of the suite that nobody reads of proves nothing to anybody."""
    tried = {
        (f"tests/faults/{path.name}", node.name)
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert tried <= set(PROOFS)


def test_no_more_is_promised_than_can_be_kept() -> None:
    assert not re.search(r"exactly[ -]once", TEXT, re.IGNORECASE)
    for name in NAMES:
        group, _, step = name.partition(".")
        assert re.search(rf"`{group}\.\w+`", TEXT)
        assert re.search(rf"\.{step}`", TEXT)
