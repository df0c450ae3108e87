"""``/api/commits``, ``/api/devices`` and ``/api/jobs``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from farm.answers.jobs import jobs_document
from farm.answers.reading import devices_document
from farm.answers.schemas import DEVICES_SCHEMA, JOBS_SCHEMA
from farm.clock import utc_now
from farm.commits.listing import Commits, list_commits
from farm.documents import details, queue
from farm.errors import UsageError, near
from farm.reading.device_list import list_devices
from farm.reading.job_list import list_jobs
from farm.states.jobs import JobState
from farm.web.api.answers import ERRORS, answers, document
from farm.web.api.asked import CommitsAsked, JobsAsked, NothingAsked
from farm.web.opened import Opened

COMMITS_SCHEMA = "farm-commits/1"


def router(opened: Opened) -> APIRouter:
    """What was submitted, what it is run on, and what is under way."""
    made = APIRouter(responses=ERRORS, tags=["lists"])

    @made.get(
        "/commits", responses=answers(details.Commits), summary="The commits that were submitted, the newest first"
    )
    def commits(request: Request, asked: Annotated[CommitsAsked, Query()]) -> Response:
        with opened.read() as session:
            found = list_commits(session, limit=asked.limit, before=asked.before)
        return document(request, COMMITS_SCHEMA, commits_document(found))

    @made.get(
        "/devices", responses=answers(queue.Devices), summary="Device types, their units, and what waits for them"
    )
    def devices(request: Request, asked: Annotated[NothingAsked, Query()]) -> Response:
        attended = opened.settings.broker_url is not None
        with opened.read() as session:
            listed = list_devices(session, opened.inventory, utc_now(), attended=attended)
            found = devices_document(listed)
        return document(request, DEVICES_SCHEMA, found)

    @made.get("/jobs", responses=answers(queue.Jobs), summary="Jobs: where each stands, and why it waits")
    def jobs(request: Request, asked: Annotated[JobsAsked, Query()]) -> Response:
        states = tuple(JobState) if "all" in asked.state else tuple(map(_state, asked.state))
        inventory, attended, now = opened.inventory, opened.settings.broker_url is not None, utc_now()
        if asked.device is not None:
            inventory.device(asked.device)  # raises where there is none
        with opened.read() as session:
            found = list_jobs(
                session,
                inventory,
                now,
                attended=attended,
                states=states,
                device=asked.device,
                limit=asked.limit,
                offset=asked.offset,
            )
        return document(request, JOBS_SCHEMA, jobs_document(found, now))

    return made


def commits_document(found: Commits) -> dict[str, Any]:
    """``farm-commits/1``."""
    return {
        "commits": [
            {
                "commit": commit.key,
                "sha": commit.sha,
                "dirty": commit.dirty,
                "subject": commit.subject,
                "date": commit.date.isoformat(),
                "submitted": commit.submitted.isoformat(),
                "branch": commit.branch,
                "architectures": commit.architectures,
                "selected": commit.selected,
            }
            for commit in found.commits
        ],
        "next": found.commits[-1].key if found.more else None,
    }


def _state(text: str) -> JobState:
    try:
        return JobState(text)
    except ValueError:
        known = [*JobState, "all"]
        raise UsageError(f"no state {text!r}{near(text, known)}; states are {', '.join(known)}") from None
