"""Nothing that people set, type, read or meet lacks its entry in the documents, and no entry is of what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from farm import settings as reading_of_settings
from farm.documents import DOCUMENTS
from farm.metrics.names import METRICS
from farm.reference.commands import commands
from farm.reference.inventory_keys import keys
from farm.reference.settings import SETTINGS
from farm.states.verdict import Provenance, Verdict
from mcore.platform.ops import registry
from tests.docs.reading import ROOT
from workers.drivers import DRIVERS
from workers.faults import CATALOGUE
from workers.outcome import Cause, Group, Outcome

DOCS = ROOT / "docs"
COMMANDS = dict(commands())


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """The text below a heading of the second level, ``""`` where there is none."""
    _, _, rest = text(page).partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("names", COMMANDS)
def test_every_command_has_its_section_with_every_option(names: str) -> None:
    said = section("commands.md", names)
    options = [o for o in COMMANDS[names].params if isinstance(o, click.Option) and not o.hidden]
    assert said
    assert [
        name for option in options for name in (*option.opts, *option.secondary_opts) if f"`{name}`" not in said
    ] == []


def names_in_the_code() -> set[str]:
    """Every variable of the environment that the code names, without ``_FILE``."""
    found: set[str] = set()
    for package in ("farm", "workers", "mcore", "models"):
        for path in (ROOT / package).rglob("*.py"):
            if Path("farm/reference") not in path.relative_to(ROOT).parents:
                found |= set(re.findall(r"(?<![A-Z_])(?:FARM|MCORE)_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
    return {name.removesuffix("_FILE") for name in found}


def test_every_setting_has_its_entry_and_there_is_no_other() -> None:
    assert names_in_the_code() == {setting.name for setting in SETTINGS}


def test_the_settings_that_a_file_can_hold_are_those_that_the_code_says() -> None:
    said = set(re.findall(r"``(FARM_\w+)_FILE``", reading_of_settings.__doc__ or ""))
    assert said == {setting.name for setting in SETTINGS if setting.file}


@pytest.mark.parametrize("axis", [Outcome, Group, Cause, Verdict, Provenance], ids=lambda axis: axis.__name__)
def test_every_outcome_cause_and_verdict_has_its_row(axis: type[Outcome]) -> None:
    rows = set(re.findall(r"^\| `(.+?)` \|", text("outcomes.md"), re.MULTILINE))
    assert {str(member) for member in axis} <= rows


def test_every_op_has_its_section() -> None:
    assert set(registry.names()) <= set(re.findall(r"^### (\S+)$", text("ops.md"), re.MULTILINE))


def test_every_metric_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(farm_\w+?)(?:_total)?` \|", text("metrics.md"), re.MULTILINE))
    assert rows == {metric.name for metric in METRICS}


@pytest.mark.parametrize("key", [key for key, _, _ in keys()])
def test_every_key_of_the_inventory_is_explained(key: str) -> None:
    """In the section of its first part, or before all of them."""
    first, _, _ = key.partition(".")
    *_, inner, last = ["", *key.split(".")]
    said = section("inventory.md", f"`{first}`") or text("inventory.md")
    assert f"`{last}`" in said or f"`{inner}.{last}`" in said or f"{last}: " in said


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_document_has_its_section(document: str) -> None:
    assert section("json.md", f"`{document}`")


def test_every_driver_has_its_place() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", text("devices.md").partition("\n## ")[0], re.MULTILINE)) == set(DRIVERS)


def test_the_faults_that_documents_name_are_in_the_catalogue() -> None:
    named = re.findall(r"\{name: (\w+)", "".join(text(page) for page in ("tutorial.md", "inventory.md")))
    assert set(named) <= set(CATALOGUE)
    assert "wrong_kernel" in named
