"""``farm devices`` and the keeper's commands, on a real database with units that were heard of."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Device
from farm.protocol import HeartbeatMessage
from farm.states.health import Change
from farm.units.care import change_health
from farm.units.presence import hear
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch

Farm = Callable[..., Said]


@pytest.fixture
def units(tiny: object, migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``bench-1`` is there and at work, ``bench-2`` was last heard an hour ago."""
    path = tmp_path / "farm.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setenv("FARM_DATABASE_URL", f"sqlite:///{path}")
    now = datetime.now(UTC)
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        for unit, when in (("bench-1", now), ("bench-2", now - timedelta(hours=1))):
            every_s = 3600.0 if unit == "bench-1" else 1.0
            beat = HeartbeatMessage("numpy", unit, "host-1", every_s, True, True, None, "a1", 5 << 30)
            hear(session, beat, when)
    database.close()
    return path


def test_the_document_says_who_is_there_since_when_and_how(units: Path, farm: Farm) -> None:
    assert farm("devices", "drain", "bench-1", "--reason", "new firmware").code == 0
    document = farm("devices", "--json").document
    assert document["schema"] == "farm-devices/1"
    numpy = next(d for d in document["devices"] if d["name"] == "numpy")
    assert set(numpy) == {"name", "driver", "queue", "policy", "units", "queued", "running", "waits"}
    one, two = numpy["units"]
    assert set(one) == {
        "unit", "last_seen", "host", "presence", "since", "health", "health_reason", "health_since", "attempt",
        "free_disk_bytes", "note", "history",
    }  # fmt: skip
    assert (one["presence"], one["health"], one["health_reason"]) == ("online", "maintenance", "new firmware")
    assert (one["host"], one["attempt"], one["free_disk_bytes"]) == ("host-1", "a1", 5 << 30)
    assert [(e["change"], e["old"], e["new"]) for e in one["history"]] == [("drained", "unknown", "maintenance")]
    assert one["history"][0]["actor"]
    assert (two["presence"], two["since"], two["attempt"]) == ("offline", two["last_seen"], None)
    assert two["note"].startswith("offline since 20")


def test_the_table_says_it_too(units: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    said = farm("devices").out
    assert "online since" in said
    assert "offline since" in said
    assert "5.0 GiB" in said


def test_two_machines_that_report_as_one_unit_are_named(
    units: Path, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    database = Database(f"sqlite:///{units}")
    with database.write() as session:
        for second, machine in enumerate(("host-2", "host-1", "host-2")):
            beat = HeartbeatMessage("numpy", "bench-2", machine, 60.0, True, True, None, None, 5 << 30)
            hear(session, beat, now + timedelta(seconds=second))
        row = session.scalars(select(Device).where(Device.unit == "bench-2")).one()
        change_health(session, row, Change.CHECK_PASSED, "", now)
    database.close()
    monkeypatch.setenv("COLUMNS", "400")
    what = "host-1 and host-2 report as one unit: give each a FARM_UNIT of its own"
    assert farm("devices").out.count(what) == 1
    numpy = next(d for d in farm("devices", "--json").document["devices"] if d["name"] == "numpy")
    assert [unit["note"] for unit in numpy["units"]] == ["unknown: never checked", what]


def test_drain_and_resume_say_what_comes_of_them(units: Path, farm: Farm) -> None:
    said = farm("devices", "drain", "bench-1", "--reason", "cable").out
    assert said == "unit bench-1 of numpy: unknown → maintenance; it finishes a1\n"
    said = farm("devices", "resume", "bench-1").out
    assert said == "unit bench-1 of numpy: maintenance → unknown; it has a check to pass first\n"
    assert "; it is offline since " in farm("devices", "drain", "bench-2", "--reason", "gone").out


def test_check_and_retire_say_what_comes_of_them(units: Path, farm: Farm) -> None:
    assert "bench-1 of numpy is to be checked at once" in farm("devices", "check", "bench-1").out
    assert "when it comes back: it is offline since" in farm("devices", "check", "bench-2").out
    assert farm("devices", "retire", "bench-1", "--reason", "sold").out.startswith(
        "unit bench-1 of numpy: unknown → retired"
    )
    refused = farm("devices", "check", "bench-1")
    assert refused.code == 2
    assert refused.err == "farm: unit 'bench-1' of numpy is retired: `farm devices resume` takes it back\n"


def test_this_machine_is_checked_at_once_where_no_broker_is(tiny: Scratch, farm: Farm) -> None:
    inventory = tiny.root / "inventory.yaml"
    faulty = "profile: {faults: [{name: crash, unit: true}]}"
    inventory.write_text(inventory.read_text().replace("profile: {mode: exact}", faulty))
    said = farm("devices", "check", "local")
    sound, failed = said.out.splitlines()
    assert said.code == 3
    assert re.fullmatch(r"numpy: sound \(.*numpy \d.*precision float32.*\)", sound)
    assert failed == "exact: the canary ends by RuntimeError: fault crash is switched on"
    assert farm("devices", "check", "local", "--device", "numpy").code == 0
    assert farm("devices", "check", "local", "--device", "numpi").err == (
        "farm: no device type named 'numpi'; did you mean numpy?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("drain", "bench-1"), 2, "Missing option '--reason'"),
        (("retire", "bench-1"), 2, "Missing option '--reason'"),
        (("check", "bench-3"), 4, "no unit named 'bench-3'"),
        (("drain", "bench-3", "--reason", "x"), 4, "no unit named 'bench-3'; did you mean bench-"),
        (("resume", "bench-1", "--device", "torch"), 4, "no device type with units named 'torch'"),
        (("mend", "bench-1"), 2, "No such command 'mend'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    units: Path, farm: Farm, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    said = farm("devices", *arguments)
    assert (said.code, said.out) == (code, "")
    assert reason in said.err
