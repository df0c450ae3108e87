"""A database with as many queued jobs as are wanted, inserted by the thousand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.standin.attempts import SAMPLES
from farm.coordinator.declared import device_type_row, record_policies
from farm.database.engine import Database
from farm.database.models import Architecture, Bundle, Commit, Job, Sample, Submission
from farm.inventory import Inventory
from farm.states.jobs import JobState

AT = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 1000
#: Submissions that the jobs are of, so that age and priority are two orders.
SUBMISSIONS = 10


def inventory(units: int = 1, window: int = 2) -> Inventory:
    """One device type."""
    policy = {
        "version": 1, "precision": "float32", "atol_rel": 2e-4, "rtol": 1e-4, "sqnr_db": 75, "cosine": 0.99999,
    }  # fmt: skip
    return Inventory.model_validate(
        {
            "version": 1,
            "catalogue": {"levels": {"network": "models/networks"}},
            "policies": {"fp32": policy},
            "devices": {"alpha": {"driver": "numpy", "policy": "fp32", "units": units, "limits": {"time_s": 60}}},
            "queue": {"window": window},
        }
    )


def fill(database: Database, made_for: Inventory, jobs: int, *, known: int = 0) -> None:
    """Queue ``jobs`` jobs, each on a bundle of its own, beside the ``known`` ones that this has made before."""
    with database.write() as session:
        if not known:
            session.add(Commit(key="c", sha="c", dirty=False, subject="", date=AT, recorded=AT))
            session.flush()
            for n in range(SUBMISSIONS):
                session.add(Submission(id=f"s{n}", commit="c", base=None, created=AT.replace(minute=n)))
            session.add(Architecture(id=1, name="net", kind="network"))
        device, policy = device_type_row(session, made_for, "alpha"), made_for.policy_of("alpha")
        record_policies(session, [policy])
        for first in range(known, known + jobs, AT_ONCE):
            _insert(session, range(first, min(known + jobs, first + AT_ONCE)), device.id, policy.key)


def _insert(session: Session, numbers: range, device_type: int, policy: str) -> None:
    session.execute(insert(Bundle), [_bundle(n) for n in numbers])
    session.execute(insert(Sample), list(_samples(numbers)))
    session.execute(insert(Job), [_job(n, device_type, policy) for n in numbers])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _bundle(n: int) -> dict[str, Any]:
    return {
        "identity": _hash(f"bundle {n}"), "graph": _hash(f"graph {n}"), "weights": _hash("w"), "samples": _hash("s"),
        "manifest": _hash(f"manifest {n}"), "files": [], "size_bytes": 10, "parts": {}, "layers": [], "ops": [],
        "toolchain": {}, "created": AT,
    }  # fmt: skip


def _samples(numbers: range) -> Iterator[dict[str, Any]]:
    for n in numbers:
        for position, name in enumerate(SAMPLES):
            yield {"bundle": _hash(f"bundle {n}"), "name": name, "position": position}


def _job(n: int, device_type: int, policy: str) -> dict[str, Any]:
    return {
        "submission_id": f"s{n % SUBMISSIONS}", "bundle": _hash(f"bundle {n}"), "architecture_id": 1,
        "device_type_id": device_type, "policy": policy, "state": JobState.QUEUED, "priority": n % 7, "created": AT,
        "since": AT, "measure": False,
    }  # fmt: skip
