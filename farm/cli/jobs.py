"""``farm jobs``: what waits, what runs, what was given up; and taking jobs back or letting them out of quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from farm.answers.jobs import jobs_document
from farm.answers.schemas import JOBS_SCHEMA
from farm.cli.context import ROW, emit_json, say, who
from farm.cli.watch import watch_option, watched
from farm.running.context import Context
from farm.words import span

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from farm.reading.job_list import JobList

STATES = ("queued", "dispatched", "running", "done", "cancelled", "superseded", "quarantined", "all")


@click.group(invoke_without_command=True)
@click.option(
    "--state",
    type=click.Choice(STATES),
    multiple=True,
    help="Only jobs in this state (repeatable); default: what is not at its end, and what is in quarantine.",
)
@click.option("--device", metavar="TYPE", help="Only jobs of one device type.")
@click.option("--limit", type=click.IntRange(min=0), default=100, show_default=True, help="At most so many; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-jobs/1 document.")
@watch_option
@click.pass_context
def jobs(
    click_context: click.Context,
    state: tuple[str, ...],
    device: str | None,
    limit: int,
    as_json: bool,
    watch: float | None,
) -> None:
    """Jobs: where each stands, why it waits, how old it is, and what became of its attempts.

    \b
    farm jobs
    farm jobs --state quarantined --device numpy --json
    farm jobs --watch
    farm jobs cancel 17
    farm jobs release 17
    """  # noqa: D301
    if click_context.invoked_subcommand is not None:
        return
    from farm.clock import utc_now
    from farm.reading.job_list import list_jobs
    from farm.states.jobs import JobState

    context = Context.here()
    if device is not None:
        context.inventory.device(device)
    states = tuple(JobState) if "all" in state else tuple(map(JobState, state))
    attended = context.settings.broker_url is not None

    def look() -> int:
        now = utc_now()
        with context.database.read() as session:
            listed = list_jobs(
                session,
                context.inventory,
                now,
                attended=attended,
                states=states,
                device=device,
                limit=limit or None,
            )
        if as_json:
            emit_json(JOBS_SCHEMA, jobs_document(listed, now))
        else:
            _print(listed, now, chosen=bool(states or device))
        return 0

    click_context.exit(watched(look, watch, as_json=as_json))


@jobs.command()
@click.argument("numbers", metavar="[JOB]...", type=ROW, nargs=-1)
@click.option(
    "--submission", metavar="ID", help="All that this submission wants, conversions too; its first digits do."
)
@click.option("--reason", default="", help="Why: it stands with each job.")
def cancel(numbers: tuple[int, ...], submission: str | None, reason: str) -> None:
    """Cancel jobs, or all that a submission wants and no later one does.

    What a unit or converter is at work on is not stopped: what it reports is dropped.

    \b
    farm jobs cancel 17 18
    farm jobs cancel --submission 3f2a --reason typo
    """  # noqa: D301
    from farm.clock import utc_now
    from farm.coordinator.cancellation import cancel_jobs, cancel_submission
    from farm.errors import UsageError

    numbers = tuple(dict.fromkeys(numbers))
    if bool(numbers) == (submission is not None):
        raise UsageError("name jobs by number, or one --submission: `farm jobs` lists both")
    why = f"cancelled by {who()}" + (f": {reason}" if reason else "")
    with Context.here().database.write(in_turn=True) as session:
        if submission is None:
            cancel_jobs(session, numbers, why, utc_now())
            click.echo(f"cancelled: {', '.join(f'job {number}' for number in numbers)}")
            return
        done = cancel_submission(session, submission, why, utc_now())
        kept = f"; {done.kept} stay, since a later submission wants them" if done.kept else ""
        click.echo(f"submission {done.submission}: {done.jobs} jobs and {done.conversions} conversions cancelled{kept}")


@jobs.command()
@click.argument("numbers", metavar="JOB...", type=ROW, nargs=-1, required=True)
@click.option("--reason", default="", help="Why: it stands with each job.")
def release(numbers: tuple[int, ...], reason: str) -> None:
    """Let jobs out of quarantine: each gets a successor, which is queued.

    \b
    farm jobs release 17 --reason memory
    """  # noqa: D301
    from farm.clock import utc_now
    from farm.coordinator.release import release_job

    why = f"by {who()}" + (f", {reason}" if reason else "")
    with Context.here().database.write(in_turn=True) as session:
        released = {number: release_job(session, number, why, utc_now()).id for number in dict.fromkeys(numbers)}
    for number, successor in released.items():
        click.echo(f"job {number} is queued again as job {successor}")


def _print(listed: JobList, now: datetime, *, chosen: bool) -> None:
    from farm.cli import render

    counts = [f"{number} {state}" for state, number in listed.counts.items()]
    counts += [f"{number} conversions {state}" for state, number in sorted(listed.conversions.items())]
    if len(listed.jobs) < listed.total:
        counts.append(f"the first {len(listed.jobs)} jobs are shown")
    if listed.jobs:
        render.console().print(_table(listed, now))
    else:
        click.echo("no job in such a state" if chosen else "no job waits, is under way or in quarantine")
    if counts:
        say(f"farm: {', '.join(counts)}")


def _table(listed: JobList, now: datetime) -> RichTable:
    from farm.cli import render

    made = render.plain_table("job", "architecture", "device", "state", "age", "attempts", "commit", "why")
    for job in listed.jobs:
        waits = f"waits: {job.waits}" if job.waits else ""
        made.add_row(
            str(job.id),
            f"{job.kind}:{job.architecture}" + (" (probe)" if job.probe is not None else ""),
            job.device,
            job.state,
            span(now - job.created),
            str(len(job.attempts) or ""),
            job.commit[:10],
            "; ".join(filter(None, (waits, job.notes, job.reason))),
        )
    return made
