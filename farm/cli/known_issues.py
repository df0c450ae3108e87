"""``farm regressions known``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from farm.answers.schemas import KNOWN_ISSUES_SCHEMA
from farm.cli.context import ROW, emit_json, who
from farm.running.context import Context

if TYPE_CHECKING:
    from farm.regressions.known import Issue

FLAGS = {
    "open": "open",
    "passes again": "✓ passes again: remove it",
    "never seen": "never seen",
    "expired": "! expired",
}


@click.group()
def known() -> None:
    """Known issues: failures that somebody answers for, by their signature, until a day.

    \b
    farm regressions known list
    farm regressions known add --from 12 --owner ada --until 2026-09-30 --note "waits for runtime 2.5"
    """  # noqa: D301


@known.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-known-issues/1 document.")
def list_(as_json: bool) -> None:
    """All of them, those that want attention first: their failures pass again, or their day is over.

    \b
    farm regressions known list --json
    """  # noqa: D301
    from farm.answers.regressions import known_issue
    from farm.clock import utc_now
    from farm.regressions.known import list_known

    with Context.here().database.read() as session:
        issues = list_known(session, utc_now())
    if as_json:
        emit_json(KNOWN_ISSUES_SCHEMA, {"issues": [known_issue(issue) for issue in issues]})
    else:
        _show(issues)


@known.command()
@click.argument("signature", required=False)
@click.option("--from", "number", type=ROW, metavar="ID", help="The signature of this regression.")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option(
    "--until",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The last day on which it excuses anything.",
)
@click.option("--note", default="", help="What is known of it.")
def add(signature: str | None, number: int | None, owner: str, until: datetime, note: str) -> None:
    """Let somebody answer for all failures of a signature; again, to change who, until when, or the note.

    \b
    farm regressions known add 3f2a --owner ada --until 2026-09-30
    farm regressions known add --from 12 --owner ada --until 2026-09-30 --note "waits for runtime 2.5"
    """  # noqa: D301
    from farm.clock import utc_now
    from farm.database.models import Regression
    from farm.errors import NotFoundError, UsageError
    from farm.regressions.known import add_known

    if (signature is None) == (number is None):
        raise UsageError("name a SIGNATURE, or a regression that has it with --from ID: `farm regressions` lists both")
    with Context.here().database.write(in_turn=True) as session:
        if number is not None:
            row = session.get(Regression, number)
            if row is None:
                raise NotFoundError("regression", str(number))
            signature = row.signature
        issue, new = add_known(session, signature or "", owner, until.date(), note, who(), utc_now())
        done = "known issue" if new else "known issue changed:"
        click.echo(f"{done} {issue.signature}, {issue.owner} answers for it until {until:%Y-%m-%d}: {issue.text}")


@known.command()
@click.argument("signature")
def remove(signature: str) -> None:
    """Forget a known issue: what fails with it counts again.

    \b
    farm regressions known remove 3f2a
    """  # noqa: D301
    from farm.clock import utc_now
    from farm.regressions.known import remove_known

    with Context.here().database.write(in_turn=True) as session:
        click.echo(f"removed: {remove_known(session, signature, who(), utc_now())}")


def _show(issues: list[Issue]) -> None:
    from farm.cli import render

    out = render.console()
    if not issues:
        out.print("no known issues")
        return
    made = render.plain_table("signature", "standing", "open", "owner", "until", "note", "what")
    for issue in issues:
        made.add_row(
            issue.signature[:8],
            FLAGS[issue.standing],
            str(issue.open),
            issue.owner,
            issue.until.isoformat(),
            issue.note,
            issue.text,
        )
    out.print(made)
