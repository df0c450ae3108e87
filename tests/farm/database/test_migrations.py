"""Migrations of a database with something in it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import column, inspect, select, text
from sqlalchemy.exc import IntegrityError

from farm.database.engine import Database, migrate
from farm.database.models import Stack, UnitStack, UtcDateTime, Verdict
from farm.states.cell import Layer, Resolution
from farm.verdicts import shown
from farm.verdicts.figures import Figures, unpack
from workers.outcome import Outcome

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNKNOWN = hashlib.sha256(b"{}").hexdigest()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def insert(database: Database, table: str, **row: Any) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    with database.engine.begin() as connection:
        connection.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({values})'), row)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def attempt(database: Database, identifier: str, n: int, stack: str | None, latency_ms: float | None) -> None:
    """The n-th hour's attempt of the only job, with one case."""
    insert(
        database,
        "attempt",
        id=identifier,
        job_id=1,
        n=n,
        token="t",
        nonce="n",
        state="reported",
        dispatched=START,
        lease_until=START,
        finished=START + n * HOUR,
        device_id=1,
        stack=stack,
        message="",
        unsupported="[]",
        log="",
    )
    insert(
        database,
        "case_result",
        id=n,
        attempt_id=identifier,
        sample="8x8",
        outcome="PASS",
        message="",
        latency_ms=latency_ms,
    )


def verdict(database: Database, policy: str, attempt_id: str, n: int) -> None:
    insert(database, "policy", key=policy, body="{}")
    insert(
        database,
        "verdict",
        bundle="b",
        device_type_id=1,
        policy=policy,
        verdict="SUPPORTED",
        outcome="PASS",
        cause="unknown",
        attempt_id=attempt_id,
        decided=START + (n + 1) * HOUR,
    )


@pytest.fixture
def filled(database: Database) -> Database:
    """At the schema before stacks: one unit that was upgraded, and verdicts with, without and of no latency."""
    migrate(database, "0002")
    hashes = {"graph": "g", "weights": "w", "samples": "s", "manifest": "m"}
    empty = {"parts": "{}", "layers": "[]", "ops": "[]", "toolchain": "{}"}
    insert(database, "bundle", identity="b", size_bytes=1, created=START, **hashes, **empty)
    insert(database, "commit", key="c", sha="c", dirty=False, subject="s", date=START, recorded=START)
    insert(database, "architecture", id=1, name="net", kind="network")
    insert(database, "submission", id="s", commit="c", created=START)
    insert(
        database, "device_type", id=1, name="numpy", configuration="x", driver="numpy", profile="{}", limits="{}"
    )  # fmt: skip
    insert(database, "device", id=1, device_type="numpy", unit="u", first_seen=START, last_seen=START)
    for stack in ("old", "new"):
        insert(database, "stack", hash=stack, fingerprint="{}")
    insert(database, "policy", key="p/0", body="{}")
    insert(
        database,
        "job",
        id=1,
        submission_id="s",
        bundle="b",
        architecture_id=1,
        device_type_id=1,
        policy="p/0",
        state="done",
        priority=0,
        created=START,
    )
    attempt(database, "a1", 1, "old", 3.0)
    attempt(database, "a2", 2, "new", None)
    attempt(database, "a3", 3, "new", 3.0)
    attempt(database, "a4", 4, None, None)
    for n in (1, 2, 4):
        verdict(database, f"p/{n}", f"a{n}", n)
    return database


def test_jobs_are_in_their_state_since_they_were_made_and_may_be_open_only_once(filled: Database) -> None:
    """The index that says so is on some rows alone: it must outlive that SQLite makes the table anew."""
    columns = "submission_id, bundle, architecture_id, device_type_id, policy, state, priority, created, since, reason, measure"
    copied = columns.replace("state", ":state")

    def another(state: str) -> None:
        with filled.engine.begin() as connection:
            connection.execute(
                text(f"INSERT INTO job ({columns}) SELECT {copied} FROM job WHERE id = 1"), {"state": state}
            )

    for _ in range(2):
        migrate(filled, "0009")
        with filled.read() as session:
            assert session.scalars(select(column("since", UtcDateTime)).select_from(text("job"))).all() == [START]
        migrate(filled, "0008")
    migrate(filled, "0009")
    with filled.engine.begin() as connection:
        if filled.engine.dialect.name == "postgresql":  # the row of the fixture brought its own number
            connection.execute(text("SELECT setval(pg_get_serial_sequence('job', 'id'), 1)"))
    for state in ("done", "done", "queued"):
        another(state)
    with pytest.raises(IntegrityError):
        another("running")


def test_verdicts_get_the_stack_of_the_attempt_that_they_quote_and_keep_it_back_and_forth(filled: Database) -> None:
    columns = "SELECT policy, verdict, attempt_id, outcome, cause FROM verdict ORDER BY policy"
    before = rows(filled, columns)
    assert len(before) == 3
    for _ in range(2):
        migrate(filled, "0003")
        assert rows(filled, columns) == before
        found = rows(filled, "SELECT stack, measured_id FROM verdict ORDER BY policy")
        assert found == [("old", "a1"), ("new", None), (UNKNOWN, None)]
        with filled.read() as session:
            assert session.query(Verdict.proved).order_by(Verdict.policy).all() == [
                (START + n * HOUR,) for n in (1, 2, 4)
            ]
            unit = session.query(UnitStack).one()
            assert (unit.stack, unit.since, unit.seen) == ("new", START + 2 * HOUR, START + 3 * HOUR)
        migrate(filled, "0002")
        assert rows(filled, columns) == before


def test_units_of_before_have_a_check_to_pass_and_one_in_maintenance_stays_there(filled: Database) -> None:
    migrate(filled, "0010")
    insert(
        filled, "device", id=2, device_type="numpy", unit="v", first_seen=START, last_seen=START, health="maintenance"
    )
    for _ in range(2):
        migrate(filled, "0011")
        assert rows(filled, "SELECT id, health, probation, jobs FROM device ORDER BY id") == [
            (1, "unknown", 0, 0),
            (2, "maintenance", 0, 0),
        ]
        migrate(filled, "0010")
        assert rows(filled, "SELECT id, health FROM device ORDER BY id") == [(1, "good"), (2, "maintenance")]


def test_attempts_that_ended_get_the_figures_of_their_cases(filled: Database) -> None:
    migrate(filled, "0015")
    tensor = {"max_rel_error": 0.0, "cosine": 1.0, "share_outside": 0.0}
    insert(filled, "tensor_error", case_id=1, output="a", max_abs_error=0.5, sqnr_db=math.inf, margin=0.75, **tensor)
    insert(filled, "tensor_error", case_id=1, output="b", max_abs_error=0.25, sqnr_db=60.0, margin=0.5, **tensor)
    insert(
        filled, "tensor_error", case_id=1, output="a", max_abs_error=9.0, sqnr_db=1.0, margin=-1.0, layer="conv2d",
        **tensor,
    )  # fmt: skip
    layer = {"value": "v", "op": "add", "module": "m", "error": 0.5, "introduced_here": True}
    insert(filled, "layer_error", case_id=2, **layer)
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE attempt SET unsupported = '[\"gelu\"]' WHERE id = 'a3'"))
        connection.execute(text("UPDATE attempt SET state = 'lost' WHERE id = 'a4'"))
    for _ in range(2):
        migrate(filled, "0016")
        found = [unpack(packed) for (packed,) in rows(filled, "SELECT figures FROM attempt ORDER BY id")]
        assert found[0].resolutions == (Resolution("8x8", Outcome.PASS, 0.5, 60.0, -1.0, 3.0, ""),)
        assert found[1].first_divergent_layer == Layer("v", "add", "m", 0.5, introduced_here=True)
        assert found[2] == Figures((Resolution("8x8", Outcome.PASS, None, None, None, 3.0, ""),), None, ("gelu",))
        assert rows(filled, "SELECT figures FROM attempt WHERE id = 'a4'") == [(None,)]
        migrate(filled, "0015")


def test_verdicts_get_what_the_table_shows_of_them(filled: Database) -> None:
    for _ in range(2):
        migrate(filled, "0023")
        found = [shown.unpack(packed) for (packed,) in rows(filled, "SELECT shown FROM verdict ORDER BY policy")]
        assert [(each.attempt, each.proved, each.finished) for each in found] == [
            (f"a{n}", START + n * HOUR, START + n * HOUR) for n in (1, 2, 4)
        ]
        assert {(each.unit, each.submission, each.commit, each.rejudged) for each in found} == {("u", "s", "c", None)}
        assert [each.measured for each in found] == ["a1", None, None]
        assert found[0].figures == Figures((Resolution("8x8", Outcome.PASS, None, None, None, 3.0, ""),))
        migrate(filled, "0022")
    assert "shown" not in {c["name"] for c in inspect(filled.engine).get_columns("verdict")}


def test_only_submissions_that_go_on_are_still_to_be_told_of(filled: Database) -> None:
    migrate(filled, "0017")
    for commit in ("converts", "runs"):
        insert(filled, "commit", key=commit, sha=commit, dirty=False, subject="", date=START, recorded=START)
        insert(filled, "submission", id=commit, commit=commit, created=START + HOUR)
    claimed = {"submission_id": "converts", "commit": "converts", "architecture_id": 1, "priority": 0, "message": ""}
    insert(filled, "conversion", id=1, state="queued", **claimed)
    selected = {"selected": True, "reason": "", "chain": "[]", "file": "", "line": 1, "last_change": "runs"}
    insert(filled, "snapshot", commit="runs", architecture_id=1, closure="", bundle="b", **selected)
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE job SET state = 'running'"))
    migrate(filled, "head")
    found = rows(filled, "SELECT id, finished IS NULL FROM submission ORDER BY id")
    assert [(identifier, bool(open_)) for identifier, open_ in found] == [
        ("converts", True),
        ("runs", True),
        ("s", False),
    ]


def test_stacks_are_known_since_their_first_attempt(filled: Database) -> None:
    migrate(filled, "0019")
    insert(filled, "stack", hash="reported", fingerprint="{}")
    for _ in range(2):
        migrate(filled, "0020")
        with filled.read() as session:
            found = session.query(Stack.hash, Stack.recorded).order_by(Stack.recorded, Stack.hash).all()
        known = [row.hash for row in found if row.hash != UNKNOWN]
        assert known == ["old", "new", "reported"]
        assert found[known.index("old")].recorded == START + HOUR
        migrate(filled, "0019")
        assert {c["name"] for c in inspect(filled.engine).get_columns("stack")} == {"hash", "fingerprint"}
