"""``farm doctor``."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click

from farm.cli.context import Context, emit_json, say
from farm.cli.documents import DOCTOR_SCHEMA

if TYPE_CHECKING:
    from farm.doctor import Finding


@click.command()
@click.option("--commit", metavar="REV", help="Look at this commit, not at the files as they are on disk.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-doctor/1 document.")
@click.pass_context
def doctor(click_context: click.Context, commit: str | None, as_json: bool) -> None:
    """What is wrong with the repository, and what the selection cannot see through; exit code 1 where something is wrong.

    Wildcards are places in code that may reach more than they name: all of it counts then for whoever reaches them. They are
    no fault, but each of them selects more than need be.

    \b
    farm doctor
    farm doctor --commit HEAD~1 --json
    """  # noqa: D301
    from farm.doctor import Examined, Level, examine
    from farm.errors import ExitCode
    from farm.planning import make_plan

    context = Context.here()
    plan = make_plan(context.reader, context.inventory, changed_since=None, commit=commit)
    found = examine(Examined(plan))
    if as_json:
        emit_json(DOCTOR_SCHEMA, doctor_document(plan.state.key, len(plan.entries), found))
    else:
        say(f"farm: {len(plan.entries)} architectures at {plan.state.key}")
        for line in doctor_lines(found):
            click.echo(line)
    bad = any(finding.level is Level.PROBLEM for findings in found.values() for finding in findings)
    click_context.exit(ExitCode.BAD_RESULT if bad else ExitCode.GOOD)


def doctor_document(commit: str, architectures: int, found: dict[str, tuple[Finding, ...]]) -> dict[str, Any]:
    """``farm-doctor/1``; details differ by check."""
    return {
        "commit": commit,
        "architectures": architectures,
        "checks": [
            {
                "name": name,
                "findings": [
                    {"level": f.level, "where": f.where, "what": f.what, "details": dict(f.details)} for f in findings
                ],
            }
            for name, findings in found.items()
        ],
    }


def doctor_lines(found: dict[str, tuple[Finding, ...]]) -> list[str]:
    """A heading for each check, and a line for each of its findings."""
    from farm.doctor import CHECKS, Level

    lines = []
    for name, findings in found.items():
        bad = sum(f.level is Level.PROBLEM for f in findings)
        state = f"{bad} to mend" if bad else f"fine, {len(findings)} to know of" if findings else "fine"
        lines.append(f"{name}: {state}")
        if findings:
            lines.append(f"  {(inspect.getdoc(CHECKS[name]) or '').splitlines()[0]}")
        lines += [f"  {finding.where}: {finding.what}" for finding in findings]
    return lines
