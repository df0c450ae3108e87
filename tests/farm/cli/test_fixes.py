"""``farm fixes`` on a database in which one device lacks something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import open_database
from farm.errors import ExitCode
from farm.inventory import load_inventory
from farm.protocol import AttemptMessage, ReportMessage
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.rows import START, FakeWire, report, submit
from workers.outcome import Cause, Outcome

Command = Callable[..., Said]
LACKING = {"network:a": ("gelu",), "network:b": ("gelu", "erf"), "network:c": ()}


def refusal(message: AttemptMessage, lacking: tuple[str, ...]) -> ReportMessage:
    made = report(message)
    refused = replace(
        made.report, outcome=Outcome.UNSUPPORTED_OP, cause=Cause.DEVICE_STACK, unsupported=lacking, cases=()
    )
    return msgspec.structs.replace(made, report=refused)


@pytest.fixture
def recorded(tiny: Scratch) -> str:
    """The id of the commit at which one device refuses a and b; the other passes everything."""
    (tiny.root / ".farm").mkdir()
    (tiny.root / ".git" / "info" / "exclude").write_text(".farm/\n")
    database = open_database(f"sqlite:///{tiny.root / '.farm' / 'farm.sqlite'}")
    inventory = load_inventory(tiny.root / "inventory.yaml")
    sha = tiny.git("rev-parse", "HEAD").strip()
    submit(database, inventory, ["a", "b", "c"], sha)
    wire = FakeWire()
    done = 0
    while dispatch(database, inventory, wire, START):
        for message in wire.sent[done:]:
            lacking = LACKING[message.architecture] if message.device_type == "exact" else ()
            merge(database, refusal(message, lacking) if lacking else report(message), START)
        done = len(wire.sent)
    database.close()
    return sha


def test_the_document(recorded: str, farm: Command) -> None:
    assert farm("fixes", "--json").document == {
        "schema": "farm-fixes/1",
        "commit": recorded,
        "devices": ["numpy", "exact"],
        "blocked": 2,
        "unexplained": 0,
        "fixes": [
            {
                "device": "exact",
                "what": "gelu",
                "alone": ["network:a"],
                "needing": ["network:a", "network:b"],
                "beside": [{"what": "erf", "architectures": 1}],
            },
            {
                "device": "exact",
                "what": "erf",
                "alone": [],
                "needing": ["network:b"],
                "beside": [{"what": "gelu", "architectures": 1}],
            },
        ],
        "order": [
            {"device": "exact", "fixes": ["gelu"], "gained": ["network:a"]},
            {"device": "exact", "fixes": ["erf"], "gained": ["network:b"]},
        ],
    }


def test_the_words(recorded: str, farm: Command) -> None:
    said = farm("fixes")
    assert said.code == ExitCode.GOOD
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == f"2 cells at {recorded} lack something that is known"
    assert any(line.endswith("gelu 1 2 erf (1)") for line in lines)
    assert lines[-1].startswith("2 ")
    assert lines[-1].endswith(" erf 1 2")


@pytest.mark.usefixtures("recorded")
def test_a_device_that_lacks_nothing_has_nothing_to_fix(farm: Command) -> None:
    document = farm("fixes", "numpy", "--json").document
    assert (document["devices"], document["blocked"], document["fixes"], document["order"]) == (["numpy"], 0, [], [])
    assert farm("fixes", "numpy").out.startswith("0 cells at ")


@pytest.mark.usefixtures("recorded")
def test_a_device_that_is_not_there_is_not_found(farm: Command) -> None:
    said = farm("fixes", "nowhere")
    assert said.code == ExitCode.NOT_FOUND
    assert "nowhere" in said.err


@pytest.mark.usefixtures("tiny")
def test_where_nothing_was_submitted_it_says_so(farm: Command) -> None:
    said = farm("fixes")
    assert said.code == ExitCode.NOT_FOUND
    assert "farm submit" in said.err
