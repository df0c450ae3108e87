"""docs/json.md and `farm schema` say what the types say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from farm.documents import DOCUMENTS
from farm.documents.base import json_schema, name_of
from farm.documents.page import page
from tests.farm.cli.conftest import Said

PAGE = Path(__file__).parents[3] / "docs" / "json.md"


def test_the_page_is_the_one_that_the_types_make() -> None:
    assert PAGE.read_text() == page(), "run: python -m farm.documents.page > docs/json.md"


def test_every_link_of_the_page_leads_somewhere() -> None:
    text = page()
    heads = {re.sub(r"[`/]", "", head).lower().replace(" ", "-") for head in re.findall(r"^#+ (.+)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= heads
    for file in set(re.findall(r"\]\(([a-z]+\.md)\)", text)):
        assert (PAGE.parent / file).is_file()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_says_what_it_is_and_what_makes_it(name: str) -> None:
    document = DOCUMENTS[name]
    assert name_of(document) == name
    assert document.__doc__
    assert bool(document.commands) != bool(document.routes)
    assert f"## `{name}`\n" in page()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_published_schema_lets_pass_what_a_later_farm_adds(name: str) -> None:
    schema = json_schema(DOCUMENTS[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert '"additionalProperties": false' not in json.dumps(schema)
    assert '"additionalProperties": false' in json.dumps(json_schema(DOCUMENTS[name], strict=True))


def test_the_command_prints_one_by_any_of_its_names_or_lists_them(farm: Callable[..., Said]) -> None:
    assert [line.split()[0] for line in farm("schema").out.splitlines()] == list(DOCUMENTS)
    printed = {farm("schema", name).out for name in ("farm-status/1", "farm-status", "status")}
    assert len(printed) == 1
    assert json.loads(printed.pop())["title"] == "farm-status/1"
    wrong = farm("schema", "statsu")
    assert (wrong.code, wrong.out) == (4, "")
    assert "did you mean status" in wrong.err
