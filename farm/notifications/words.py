"""A notification as a person reads it in a chat; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from farm.states.notifications import Kind, Notification

#: Letters of a text: a chat takes more, and nobody reads them.
KEPT = 2000


def text(said: Notification) -> str:
    """One line of what changed, and where there is more to say, further ones."""
    made = "\n".join(_lines(said))
    return made if len(made) <= KEPT else made[: KEPT - 1] + "…"


def _lines(said: Notification) -> Iterator[str]:
    detail = said.detail
    match said.kind:
        case Kind.UNIT_HEALTH:
            yield f"unit {said.subject}: {detail['old']} → {detail['new']} ({_why(detail)})"
        case Kind.JOB_QUARANTINED:
            what = f"{detail['architecture']} on {detail['device']} at {str(detail['commit'])[:10]}"
            yield f"job {said.subject}, {what}, is in quarantine: {detail['reason']}"
            yield f"`farm jobs release {said.subject}` tries it again"
        case Kind.SUBMISSION_FINISHED:
            branch = f" of {detail['branch']}" if detail.get("branch") else ""
            yield f"submission {said.subject[:8]}, {str(detail['commit'])[:10]}{branch}, is finished: {detail['conclusion']}"
            for device, counts in detail["counts"].items():
                yield f"{device}: " + ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
        case Kind.REGRESSION_OPENED | Kind.REGRESSION_CLOSED:
            yield from _of_regression(said.subject, detail)
        case _:
            yield f"{said.kind}: {said.subject}"
            for name, value in detail.items():
                if isinstance(value, str | int | float) and value != "":
                    yield f"{name}: {value}"
    if url := detail.get("url"):
        yield str(url)


def _of_regression(number: str, detail: Mapping[str, Any]) -> Iterator[str]:
    fixed = f" by {str(detail['fixed'])[:10]}" if detail["fixed"] else ""
    yield f"regression {number} is {detail['state']}{fixed}: {detail['architecture']} on {detail['device']}"
    span = f"{str(detail['last_good'])[:10]}..{str(detail['first_bad'])[:10]}"
    yield f"{span}, {detail['outcome']}, turned by {detail['cause']}: {detail['reason']}"
    if detail["known_issue"]:
        yield f"known issue: {detail['known_issue']}"
    yield f"`farm regressions show {number}` has the rest"


def _why(detail: Mapping[str, Any]) -> str:
    reason = f": {detail['reason']}" if detail.get("reason") else ""
    return f"{detail['change']} by {detail['actor']}{reason}"
