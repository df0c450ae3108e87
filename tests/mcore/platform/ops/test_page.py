"""The docs page of the op set: it is what the registry says, complete, and readable."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcore.platform.ops import registry
from mcore.platform.ops.page import page
from mcore.platform.ops.registry import Op

PAGE = Path(__file__).parents[4] / "docs" / "ops.md"
OPS = list(registry.ops())

#: How a text tells a shape: dimensions in brackets, or a word for them.
_SHAPE = re.compile(
    r"\((\.\.\.|[A-Z]\b)[^)]*\)|shape|dimension|\bdims?\b|vector|matri|\bsize|along|tensors?\b", re.IGNORECASE
)


def sections() -> dict[str, str]:
    """The text of each op's section, by its name."""
    found = re.split(r"^### (\S+)$", page(), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


SECTIONS = sections()


def test_the_page_in_the_repository_is_what_the_registry_says() -> None:
    assert PAGE.read_text() == page(), "run: python -m mcore.platform.ops.page > docs/ops.md"


def test_the_command_writes_it_without_torch() -> None:
    run = "runpy.run_module('mcore.platform.ops.page', run_name='__main__')"
    code = f"import runpy, sys; sys.modules['torch'] = None; {run}"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PAGE.parents[1])
    assert made.stdout == page()


def test_every_op_has_its_section_and_its_place_in_the_table() -> None:
    assert sorted(SECTIONS) == [op.name for op in OPS]
    table = page().split("\n## ", 1)[0]
    assert all(f"[{op.name}](#{op.name})" in table for op in OPS)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
class TestOp:
    def test_its_text_or_its_rule_says_the_shapes(self, op: Op) -> None:
        assert _SHAPE.search(f"{op.doc} {inspect.getdoc(op.infer) or ''}"), "say what shape the result has"

    def test_its_section_shows_the_call_and_each_attribute(self, op: Op) -> None:
        call = next(line for line in SECTIONS[op.name].splitlines() if line.startswith(f"`{op.name}("))
        assert all(re.search(rf"[(, *]{name}\b", call) for name in op.parameters)
        assert all(f"- `{a.name}`: " in SECTIONS[op.name] for a in op.attributes)


def test_links_lead_to_headings() -> None:
    headings = {h.replace(" ", "-") for h in re.findall(r"^#+ (.+)$", page(), flags=re.MULTILINE)}
    links = set(re.findall(r"\]\(#([^)]+)\)", page()))
    assert links <= headings
    assert len(headings) == len(re.findall(r"^#+ ", page(), flags=re.MULTILINE)), "two headings have one name"


def test_nothing_of_the_source_s_markup_is_left() -> None:
    assert "``" not in page()
    assert not re.search(r":\w+:`", page())
