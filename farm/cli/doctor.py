"""``farm doctor``."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import DOCTOR_SCHEMA
from farm.cli.context import emit_json, say
from farm.running.context import Context

if TYPE_CHECKING:
    from farm.installation.state import Installation
    from farm.planning.doctor import Finding
    from farm.planning.plan import Plan


@click.command()
@click.option("--commit", metavar="REV", help="Look at this commit, not at the files as they are on disk.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-doctor/1 document.")
@click.pass_context
def doctor(click_context: click.Context, commit: str | None, as_json: bool) -> None:
    """What is wrong with this installation and with the repository, and what the selection cannot see through.

    Of the installation: Python, libraries, repository and inventory, database, broker, artifact store, drivers. Exit code 3
    where something of it is wrong, else 1 where something of the repository is. Wildcards are places in code that may reach
    more than they name: all of it counts then for whoever reaches them. They are no fault, but each of them selects more than
    need be.

    \b
    farm doctor
    farm doctor --commit HEAD~1 --json
    """  # noqa: D301
    from pathlib import Path

    from farm.errors import ExitCode
    from farm.installation.checks import check_installation
    from farm.installation.state import Installation
    from farm.planning.doctor import Level

    installation = Installation.at(Path.cwd())
    here = check_installation(installation)
    plan = _plan(installation, commit)
    found = {**here, **_examined(installation, plan)}
    if as_json:
        commit_key, architectures = (plan.state.key, len(plan.entries)) if plan else (None, None)
        emit_json(DOCTOR_SCHEMA, doctor_document(commit_key, architectures, found))
    else:
        if plan:
            say(f"farm: {len(plan.entries)} architectures at {plan.state.key}")
        for line in doctor_lines(found):
            click.echo(line)
    bad = {name for name, findings in found.items() if any(f.level is Level.PROBLEM for f in findings)}
    if bad & set(here):
        click_context.exit(ExitCode.INFRASTRUCTURE)
    click_context.exit(ExitCode.BAD_RESULT if bad else ExitCode.GOOD)


def _plan(installation: Installation, commit: str | None) -> Plan | None:
    """Of all architectures, where there is a repository with an inventory."""
    from farm.planning.plan import make_plan

    if installation.repository is None or installation.settings is None or installation.inventory is None:
        return None
    context = Context(installation.repository, installation.settings)
    return make_plan(context.reader, context.inventory, changed_since=None, commit=commit)


def _examined(installation: Installation, plan: Plan | None) -> dict[str, tuple[Finding, ...]]:
    from farm.planning.doctor import Examined, examine

    if plan is None or installation.repository is None:
        return {}
    return examine(Examined(plan, installation.repository.tree(plan.state.sha).unread))


def doctor_document(
    commit: str | None, architectures: int | None, found: dict[str, tuple[Finding, ...]]
) -> dict[str, Any]:
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
    from farm.installation import checks as installation
    from farm.planning import doctor as source
    from farm.planning.doctor import Level

    checks = {**installation.CHECKS, **source.CHECKS}
    lines = []
    for name, findings in found.items():
        bad = sum(f.level is Level.PROBLEM for f in findings)
        state = f"{bad} to mend" if bad else f"fine, {len(findings)} to know of" if findings else "fine"
        lines.append(f"{name}: {state}")
        if findings:
            lines.append(f"  {(inspect.getdoc(checks[name]) or '').splitlines()[0]}")
        lines += [f"  {finding.where}: {finding.what}" for finding in findings]
    return lines
