"""``farm plan``, and the options by which a plan is asked for (``farm submit`` has them too)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from farm.cli.context import Context, emit_json, say
from farm.cli.documents import PLAN_SCHEMA

if TYPE_CHECKING:
    from farm.planning import Plan


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--changed-since``, ``--all``, ``--name`` and ``--commit``."""
    for option in (
        click.option("--name", "names", multiple=True, metavar="NAME", help="Select this architecture (repeatable)."),
        click.option("--commit", metavar="REV", help="Take this commit, not the files as they are on disk."),
        click.option("--all", "everything", is_flag=True, help="Select every architecture."),
        click.option("--changed-since", metavar="REV", help="Select what changed since this revision."),
    ):
        command = option(command)
    return command


def asked_plan(
    context: Context,
    changed_since: str | None,
    everything: bool,
    names: tuple[str, ...],
    commit: str | None,
) -> Plan:
    """The plan that the options ask for; says on standard error what is uncommitted and what could not be read.

    Raises:
        UsageError: not just one of ``--changed-since``, ``--all`` and ``--name``.
        NotFoundError: there is no architecture of a name.
    """
    from farm.errors import UsageError
    from farm.planning import make_plan

    if [changed_since is not None, everything, bool(names)].count(True) != 1:
        raise UsageError("say either --changed-since REV, --all or --name NAME")
    plan = make_plan(context.reader, context.inventory, changed_since=changed_since, names=names, commit=commit)
    if plan.state.dirty:
        files = ", ".join(plan.state.dirty[:3]) + (" ..." if len(plan.state.dirty) > 3 else "")
        say(
            f"farm: {len(plan.state.dirty)} uncommitted file(s) are part of this: {files}; the state is {plan.state.key}"
        )
    for problem in plan.problems:
        say(f"farm: {problem}")
    return plan


@click.command()
@selection_options
@click.option("--json", "as_json", is_flag=True, help="Print the farm-plan/1 document.")
@click.pass_context
def plan(
    click_context: click.Context,
    changed_since: str | None,
    everything: bool,
    names: tuple[str, ...],
    commit: str | None,
    as_json: bool,
) -> None:
    """What a submission would select, and why; runs nothing, imports no model code.

    \b
    farm plan --changed-since HEAD~1
    farm plan --all --json
    """  # noqa: D301
    from farm.errors import ExitCode

    context = Context.here()
    made = asked_plan(context, changed_since, everything, names, commit)
    if as_json:
        emit_json(PLAN_SCHEMA, plan_document(made))
    else:
        _print(made)
    click_context.exit(ExitCode.BAD_RESULT if made.problems else ExitCode.GOOD)


def plan_document(made: Plan) -> dict[str, Any]:
    """``farm-plan/1``."""
    return {
        "commit": made.state.key,
        "base": made.base,
        "architectures": [
            {
                "name": entry.architecture.name,
                "kind": entry.architecture.kind,
                "selected": entry.selection.selected,
                "reason": entry.selection.reason,
                "chain": [
                    {"definition": link.definition, "file": link.file, "line": link.line}
                    for link in entry.selection.chain
                ],
                "priority": entry.priority,
                "file": entry.architecture.file,
                "line": entry.architecture.line,
            }
            for entry in made.entries
        ],
        "removed": [{"name": s.architecture.name, "kind": s.architecture.kind} for s in made.removed],
        "problems": [{"name": p.name, "where": p.where, "what": p.what} for p in made.problems],
    }


def _print(made: Plan) -> None:
    from rich.table import Table

    from farm.cli import render

    out = render.console()
    out.print(f"{len(made.selected)} of {len(made.entries)} architectures are selected at {made.state.key}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in ("", "kind", "architecture"):
        table.add_column(head, no_wrap=True)
    table.add_column("reason")
    rest = [e for e in made.entries if not e.selection.selected]
    for entry in (*made.selected, *rest):
        mark = "→" if entry.selection.selected else " "
        table.add_row(mark, entry.architecture.kind, entry.architecture.name, entry.selection.reason)
    for selection in made.removed:
        table.add_row("-", selection.architecture.kind, selection.architecture.name, selection.reason)
    out.print(table)
