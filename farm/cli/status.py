"""``farm status``."""

from __future__ import annotations

import click

from farm.cli.context import Context, emit_json
from farm.cli.documents import STATUS_SCHEMA, status_document


@click.command()
@click.argument("architecture", metavar="NAME[@REV]")
@click.option("--kind", metavar="KIND", help="Where two levels have the name: network, backbone, ...")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-status/1 document.")
@click.pass_context
def status(click_context: click.Context, architecture: str, kind: str | None, as_json: bool) -> None:
    """What is known of one architecture on every device; exit code 1 where a device fails it.

    \b
    farm status resnet50
    farm status resnet50@HEAD~3 --json
    """  # noqa: D301
    from farm.cli import render
    from farm.clock import utc_now
    from farm.coordinator.verdict import FAILURES
    from farm.errors import ExitCode, NotFoundError, UsageError
    from farm.job_list import newest_jobs
    from farm.recorded import architecture_names, find_commit
    from farm.table import build_table

    name, _, revision = architecture.partition("@")
    context = Context.here()
    with context.database.read() as session:
        commit = find_commit(session, context.repository, revision or None)
        rows = build_table(session, commit, context.inventory, name).rows
        known = architecture_names(session, commit)
    if kind:
        rows = tuple(row for row in rows if row.kind == kind)
    if not rows:
        raise NotFoundError("architecture", name, known)
    if len(rows) > 1:
        raise UsageError(f"{name!r} is the name of several: say --kind {' or '.join(row.kind for row in rows)}")
    (row,) = rows
    attended = context.settings.broker_url is not None
    with context.database.read() as session:
        jobs = newest_jobs(session, context.inventory, utc_now(), commit, row.kind, row.name, attended=attended)
    jobs = {device: job for device, job in jobs.items() if row.cells[device].state == job.state}
    if as_json:
        emit_json(STATUS_SCHEMA, status_document(row, commit, jobs))
    else:
        render.status_for_terminal(row, commit, render.console(), jobs)
    click_context.exit(ExitCode.BAD_RESULT if any(c.verdict in FAILURES for c in row.cells.values()) else ExitCode.GOOD)
