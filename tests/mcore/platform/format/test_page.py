"""The page of the format: what docstrings say, as Markdown, and every cap."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mcore.platform.format import limits
from mcore.platform.format.page import page, prose


@pytest.mark.parametrize(
    ("doc", "made"),
    [
        ("A :class:`~mcore.platform.dims.Expr` is ``H``.", "A `mcore.platform.dims.Expr` is `H`."),
        ("See (:mod:`.limits`).", "See (`limits`)."),
        ("So::\n\n    {\n      1\n    }\n\nEnd.", "So:\n\n```text\n{\n  1\n}\n```\n\nEnd."),
        ("One.\n\n::\n\n    a\n\n    b\n\nTwo.", "One.\n\n```text\na\n\nb\n```\n\nTwo."),
        ("===  ====\na    b\n===  ====\n``x``  y z\n===  ====", "| a | b |\n| --- | --- |\n| `x` | y z |"),
    ],
)
def test_a_docstring_as_markdown(doc: str, made: str) -> None:
    assert prose(doc) == made


def test_every_cap_has_its_row() -> None:
    names = [name for name in vars(limits) if name.isupper()]
    assert names
    assert [name for name in names if f"| `{name}` | " not in page()] == []


def test_sizes_are_said_in_their_units() -> None:
    assert "| `WEIGHTS_BYTES` | 16 GiB |" in page()
    assert "| `INTEGER` | 2^63 - 1 |" in page()


def test_it_is_made_without_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; from mcore.platform.format.page import page; page()"
    subprocess.run([sys.executable, "-c", code], check=True)
