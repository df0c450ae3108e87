"""A farm that has run for a while: 500 architectures on 20 device types, over as many commits as a number of results takes.

Each commit changes a quarter of the architectures, by turns, and each changed one was run on every device type: four samples,
one output each. Of a hundred attempts ninety pass, the others fail, lack an op, or pass at some sizes only. Of the newest
commit one changed architecture in five is still to be run, and one is new with it: there are stale and predicted cells too.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from farm.coordinator.declared import device_type_rows, record_policies
from farm.database import models as db
from farm.database.engine import Database
from farm.inventory import Inventory
from farm.prediction.learning import learn_anew
from farm.prediction.traits import VERSION
from farm.states.jobs import AttemptState, JobState
from farm.states.verdict import Verdict
from farm.table.table import KIND_ORDER
from farm.units.stacks import record_stack
from farm.verdicts import shown
from farm.verdicts.figures import pack
from workers.outcome import Cause, Outcome

AT = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLES = ("224x224", "128x192", "97x129", "64x64")
ARCHITECTURES, DEVICES, CHANGED, WAITS = 500, 20, 4, 5
RESULTS_OF_A_COMMIT = ARCHITECTURES // CHANGED * DEVICES * len(SAMPLES)
_AT_ONCE = 2000
#: How often an attempt of a hundred ends so.
_OUTCOMES = {Verdict.SUPPORTED: 90, Verdict.FAILED: 4, Verdict.UNSUPPORTED: 3, Verdict.PARTIAL: 3}
_SAID = {
    Verdict.SUPPORTED: Outcome.PASS,
    Verdict.FAILED: Outcome.MISMATCH,
    Verdict.UNSUPPORTED: Outcome.UNSUPPORTED_OP,
    Verdict.PARTIAL: Outcome.MISMATCH,
}
_OPS = ("conv2d", "batch_norm", "relu", "add", "max_pool2d", "linear", "softmax", "layer_norm", "gelu", "interpolate")


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is: keys of the commits, the oldest first, and the number of case results."""

    commits: tuple[str, ...]
    results: int


def inventory_document() -> dict[str, Any]:
    """Of ``inventory.yaml``: twenty device types of two units each."""
    policy = {
        "version": 1, "precision": "float32", "atol_rel": 2e-4, "rtol": 1e-4, "sqnr_db": 75, "cosine": 0.99999,
    }  # fmt: skip
    return {
        "version": 1,
        "catalogue": {"levels": {"network": "models/networks"}},
        "policies": {"fp32": policy},
        "devices": {f"device_{n:02}": {"driver": "numpy", "policy": "fp32", "units": 2} for n in range(DEVICES)},
    }


def inventory() -> Inventory:
    """The document as the farm reads it."""
    return Inventory.model_validate(inventory_document())


def fill_settled(url: str, results: int) -> Filled:
    """:func:`fill` a new database, and leave it as it is a while after: PostgreSQL vacuums what was written."""
    database = Database(url)
    database.upgrade()
    filled = fill(database, inventory(), results)
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
    database.close()
    return filled


def fill(database: Database, made_for: Inventory, results: int) -> Filled:
    """Fill an empty database with about ``results`` case results (at least those of one commit)."""
    with database.write() as session:
        types = [row.id for row in device_type_rows(session, made_for, made_for.devices).values()]
        judge = made_for.policy_of(next(iter(made_for.devices)))
        record_policies(session, [judge])
        policy = judge.key
        stack = record_stack(session, {"runtime": "stand-in 1"})
        for unit, (name, type_id) in enumerate(zip(made_for.devices, types, strict=True), start=1):
            session.add(db.Device(id=unit, device_type=name, unit=f"unit-{unit}", first_seen=AT, last_seen=AT))
            session.flush()
            session.add(db.UnitStack(device_type_id=type_id, device_id=unit, stack=stack, since=AT, seen=AT))
        session.flush()
        insert_all(session, db.Architecture, map(_architecture, range(ARCHITECTURES)))
        made = _Made(types, policy, stack)
        for number in range(commits := max(1, round(results / RESULTS_OF_A_COMMIT))):
            made.commit(session, number, newest=number == commits - 1)
    learn_anew(database, made_for)
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return Filled(tuple(map(_key, range(commits))), made.cases)


@dataclass
class _Made:
    """What was made so far: of each architecture the newest bundle and its commit, and how many rows there are."""

    types: list[int]
    policy: str
    stack: str
    bundles: dict[int, tuple[str, str]] = field(default_factory=dict)
    jobs: int = 0
    cases: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def commit(self, session: Session, number: int, *, newest: bool) -> None:
        """One commit, all that it changed, and what became of it."""
        key, date = _key(number), AT + timedelta(hours=number)
        insert_all(
            session,
            db.Commit,
            [{"key": key, "sha": key, "dirty": False, "subject": f"Change {number}", "date": date, "recorded": date}],
        )
        submission = {"id": f"s{number}", "commit": key, "base": None, "created": date, "branch": "main"}
        insert_all(session, db.Submission, [submission])
        known = range(0 if newest else 1, ARCHITECTURES)
        changed = [n for n in known if n == 0 or number == 0 or n % CHANGED == number % CHANGED]
        self.bundles |= {n: (_hash(f"bundle {n} {number}"), key) for n in changed}
        insert_all(session, db.GraphTraits, (_traits(n, number) for n in changed))
        insert_all(session, db.Bundle, (_bundle(self.bundles[n][0], n, number, date) for n in changed))
        insert_all(session, db.Snapshot, (_snapshot(n, key, *self.bundles[n]) for n in known))
        tested = [n for n in changed if not newest or n // CHANGED % WAITS]
        jobs = [self._job(n, type_id, f"s{number}", date) for n in tested for type_id in self.types]
        outcomes = self.chance.choices(*zip(*_OUTCOMES.items(), strict=True), k=len(jobs))
        ended = list(zip(jobs, outcomes, strict=True))
        insert_all(session, db.Job, jobs)
        cases = [[self._case(job, sample, outcome) for sample in SAMPLES] for job, outcome in ended]
        tensors = [[self._tensor(case) for case in some] for some in cases]
        attempts = [self._attempt(job, outcome, date) for job, outcome in ended]
        for attempt, own, figures in zip(attempts, cases, tensors, strict=True):
            attempt["figures"] = pack(map(_row, own, figures), attempt["unsupported"])
        insert_all(session, db.Attempt, attempts)
        insert_all(session, db.CaseResult, chain.from_iterable(cases))
        insert_all(session, db.TensorError, chain.from_iterable(tensors))
        verdicts = [self._verdict(job, outcome, date) for job, outcome in ended]
        for verdict, attempt in zip(verdicts, attempts, strict=True):
            said = (attempt["message"], date, None, f"unit-{attempt['device_id']}", submission["id"], key)
            verdict["shown"] = shown.pack(verdict, said, attempt["figures"])
        insert_all(session, db.Verdict, verdicts)

    def _job(self, n: int, type_id: int, submission: str, date: datetime) -> dict[str, Any]:
        self.jobs += 1
        return {
            "id": self.jobs, "submission_id": submission, "bundle": self.bundles[n][0], "architecture_id": n + 1,
            "device_type_id": type_id, "policy": self.policy, "state": JobState.DONE, "priority": 0, "created": date,
            "since": date, "measure": False,
        }  # fmt: skip

    def _attempt(self, job: dict[str, Any], verdict: Verdict, date: datetime) -> dict[str, Any]:
        outcome = _SAID[verdict]
        return {
            "id": _attempt_id(job), "job_id": job["id"], "n": 1, "token": "t", "nonce": "n",
            "state": AttemptState.REPORTED, "dispatched": date, "lease_until": date, "finished": date,
            "device_id": self.types.index(job["device_type_id"]) + 1, "stack": self.stack, "outcome": outcome,
            "cause": Cause.UNKNOWN, "message": "" if verdict is Verdict.SUPPORTED else f"it ended with {outcome}",
            "stage": "done", "unsupported": ["gelu"] if verdict is Verdict.UNSUPPORTED else [], "load_ms": 5.0,
            "duration_s": 1.0, "log": "", "echoed": True,
        }  # fmt: skip

    def _case(self, job: dict[str, Any], sample: str, verdict: Verdict) -> dict[str, Any]:
        self.cases += 1
        good = verdict is Verdict.SUPPORTED or (verdict is Verdict.PARTIAL and sample != SAMPLES[-1])
        return {
            "id": self.cases, "attempt_id": _attempt_id(job), "sample": sample,
            "outcome": Outcome.PASS if good else _SAID[verdict], "message": "",
            "latency_ms": self.chance.uniform(1, 100), "fallback": "",
        }  # fmt: skip

    def _tensor(self, case: dict[str, Any]) -> dict[str, Any]:
        return {
            "case_id": case["id"], "output": "output", "max_abs_error": self.chance.random() * 1e-5,
            "max_rel_error": 1e-6, "sqnr_db": self.chance.uniform(100, 140), "cosine": 1.0, "share_outside": 0.0,
            "margin": self.chance.random(), "layer": "", "run": 0,
        }  # fmt: skip

    def _verdict(self, job: dict[str, Any], verdict: Verdict, date: datetime) -> dict[str, Any]:
        return {
            "bundle": job["bundle"], "device_type_id": job["device_type_id"], "policy": self.policy,
            "stack": self.stack, "verdict": verdict, "outcome": _SAID[verdict], "cause": Cause.UNKNOWN,
            "attempt_id": _attempt_id(job), "decided": date, "proved": date, "measured_id": _attempt_id(job),
        }  # fmt: skip


def insert_all(session: Session, model: type[db.Base], rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows by the thousand."""
    given = list(rows)
    for first in range(0, len(given), _AT_ONCE):
        session.execute(insert(model), given[first : first + _AT_ONCE])


def _row(case: dict[str, Any], tensor: dict[str, Any]) -> db.CaseResult:
    return db.CaseResult(**case, tensors=[db.TensorError(**tensor)])


def _key(number: int) -> str:
    return hashlib.sha1(f"commit {number}".encode()).hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _attempt_id(job: dict[str, Any]) -> str:
    return f"{job['id']:032x}"


def _architecture(n: int) -> dict[str, Any]:
    return {"id": n + 1, "name": f"architecture_{n:03}", "kind": KIND_ORDER[n % len(KIND_ORDER)]}


def _graph(n: int, number: int) -> str:
    return _hash(f"graph {n} {number}")


def _traits(n: int, number: int) -> dict[str, Any]:
    used = [*(op for i, op in enumerate(_OPS) if n >> i & 1), "conv2d: kernel of 3 or more", "reshape"]
    return {"graph": _graph(n, number), "version": VERSION, "traits": used}


def _bundle(identity: str, n: int, number: int, date: datetime) -> dict[str, Any]:
    return {
        "identity": identity, "graph": _graph(n, number), "weights": _hash("w"), "samples": _hash("s"),
        "manifest": _hash(f"manifest {identity}"), "files": [], "size_bytes": 10,
        "parts": {"backbone": f"backbone_{n % 40}"}, "layers": [f"Layer{i}" for i in range(n % 30 + 5)],
        "ops": list(_OPS), "toolchain": {}, "created": date,
    }  # fmt: skip


def _snapshot(n: int, commit: str, bundle: str, last_change: str) -> dict[str, Any]:
    return {
        "commit": commit, "architecture_id": n + 1, "closure": bundle, "selected": commit == last_change,
        "reason": "changed: Layer0.forward (models/networks/net.py)", "chain": [], "file": "models/networks/net.py",
        "line": 1, "last_change": last_change, "bundle": bundle,
    }  # fmt: skip
