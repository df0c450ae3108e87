"""The document of a list of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from farm.reading.job_list import JobList


def jobs_document(listed: JobList, now: datetime) -> dict[str, Any]:
    """``farm-jobs/1``; ages in seconds."""
    return {
        "total": listed.total,
        "counts": {state.value: number for state, number in sorted(listed.counts.items())},
        "conversions": {state.value: number for state, number in sorted(listed.conversions.items())},
        "jobs": [
            {
                "id": job.id,
                "architecture": job.architecture,
                "kind": job.kind,
                "device": job.device,
                "state": job.state,
                "wait_reason": job.waits,
                "units": job.notes,
                "reason": job.reason,
                "priority": job.priority,
                "created": job.created.isoformat(),
                "since": job.since.isoformat(),
                "age_s": (now - job.created).total_seconds(),
                "attempts": [
                    {
                        "id": attempt.id,
                        "n": attempt.n,
                        "state": attempt.state,
                        "unit": attempt.unit,
                        "outcome": attempt.outcome,
                        "dispatched": attempt.dispatched.isoformat(),
                        "finished": attempt.finished.isoformat() if attempt.finished else None,
                    }
                    for attempt in job.attempts
                ],
                "submission": job.submission,
                "commit": job.commit,
                "bundle": job.bundle,
                "probe": job.probe,
            }
            for job in listed.jobs
        ],
    }
