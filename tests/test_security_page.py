"""SECURITY.md: each test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINKS = re.findall(r"\[([^\]]+)\]\((tests/[^)]+)\)", (ROOT / "SECURITY.md").read_text())


@pytest.mark.parametrize(("name", "path"), LINKS, ids=[name for name, _ in LINKS])
def test_a_claim_is_proved_by_a_test_that_there_is(name: str, path: str) -> None:
    assert re.search(rf"^ *def {re.escape(name)}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_there_are_such_links() -> None:
    assert len(LINKS) > 20
