"""``farm audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from farm.answers.schemas import AUDIT_HISTORY_SCHEMA, AUDIT_SCHEMA
from farm.cli.context import emit_json, say
from farm.running.context import Context

if TYPE_CHECKING:
    from farm.audit.run import AuditReport


@click.command()
@click.option("--commit", default="HEAD", show_default=True, metavar="REV", help="The commit to audit.")
@click.option("--since", metavar="REV", help="What the selection compares it with (default: its first parent).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Look at N architectures instead of all.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, metavar="K", help="Of the sample."
)
@click.option("--history", is_flag=True, help="Show earlier audits and every miss; convert nothing.")
@click.option("--close", "number", type=int, metavar="ID", help="Close an incident by hand; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why the incident that is closed does not matter.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-audit/1 (or farm-audit-history/1) document.")
@click.pass_context
def audit(
    click_context: click.Context,
    commit: str,
    since: str | None,
    sample: int | None,
    seed: int,
    history: bool,
    number: int | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Convert everything at a commit, and see whether the selection missed anything that changed.

    A bundle that is another one on an architecture that was not selected is a selector miss: exit code 1, and everything is
    selected until it is fixed. Nothing is tested on devices.

    \b
    farm audit
    farm audit --commit main --since main~20 --sample 20 --seed 7 --json
    farm audit --history
    farm audit --close 3 --reason abandoned
    """  # noqa: D301
    from farm.audit.run import close_by_hand, run_audit
    from farm.errors import ExitCode, UsageError
    from farm.planning.plan import SourceReader
    from mcore.toolchain import toolchain

    if (number is None) != (reason is None) or (number is not None and history):
        raise UsageError("--close ID and --reason TEXT belong together, and to nothing else")
    context = Context.here()
    if history:
        _show_history(context, as_json)
        return
    if number is not None:
        closed = close_by_hand(context.database, number, str(reason))
        say(f"farm: incident {closed.id} is closed: {closed.reason}")
        return
    reader = SourceReader(context.repository, context.inventory)
    report = run_audit(
        context.database,
        context.inventory,
        reader,
        toolchain(),
        say,
        commit=commit,
        since=since,
        sample=sample,
        seed=seed,
    )
    if as_json:
        from farm.answers.audit import audit_document

        emit_json(AUDIT_SCHEMA, audit_document(report))
    else:
        for line in _lines(report):
            click.echo(line)
    click_context.exit(ExitCode.GOOD if report.good else ExitCode.BAD_RESULT)


def _lines(report: AuditReport) -> list[str]:
    found = report.figures
    lines = [
        f"audit {report.number} of {report.commit[:10]} since {report.base[:10]}: {len(report.found.rows)} of "
        f"{report.architectures} architectures in {report.seconds:.0f} s",
        f"{found.changed} changed, {found.selected} were selected, {found.hits} were both: "
        f"recall {_share(found.recall)}, precision {_share(found.precision)}",
    ]
    for row in report.found.rows:
        if row.note:
            lines.append(f"not judged: {row.key}: {row.note}")
    for incident in report.misses:
        lines += [
            f"selector miss, incident {incident.id}: {incident.architecture.key} changed and was not selected",
            f"  {incident.difference}",
            f"  {incident.edge}",
        ]
    lines += [f"incident {incident.id} is fixed: {incident.reason}" for incident in report.fixed]
    if report.open:
        numbers = ", ".join(str(incident.id) for incident in report.open)
        lines.append(f"open: incident {numbers}; everything is selected until an audit finds no miss any more")
    return lines


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _show_history(context: Context, as_json: bool) -> None:
    from farm.answers.audit import history_document
    from farm.audit.records import all_incidents, audits, figures_of
    from farm.cli import render

    with context.database.read() as session:
        rows, incidents = audits(session), all_incidents(session)
    if as_json:
        emit_json(AUDIT_HISTORY_SCHEMA, history_document(rows, incidents))
        return
    if not rows:
        say("farm: nothing was audited yet")
        return
    out, table = (
        render.console(),
        render.plain_table(
            "audit",
            "commit",
            "since",
            "at",
            "architectures",
            "changed",
            "selected",
            "both",
            "recall",
            "precision",
            "seconds",
        ),
    )
    for row in rows:
        found = figures_of(row)
        table.add_row(
            str(row.id),
            row.commit[:10],
            row.base[:10],
            f"{row.at:%Y-%m-%d %H:%M}",
            f"{found.judged} of {row.architectures}",
            str(found.changed),
            str(found.selected),
            str(found.hits),
            _share(found.recall),
            _share(found.precision),
            f"{row.seconds:.0f}",
        )
    out.print(table)
    for incident in incidents:
        state = f"fixed {incident.fixed:%Y-%m-%d}: {incident.reason}" if incident.fixed else "open"
        out.print(
            f"incident {incident.id}, {incident.architecture.key} at {incident.commit[:10]}: {incident.edge}; {state}"
        )
