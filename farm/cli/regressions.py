"""``farm regressions``: what turned from passing to failing, where it began, and whose fault it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from farm.answers.schemas import REGRESSION_SCHEMA, REGRESSIONS_SCHEMA
from farm.cli.context import ROW, emit_json
from farm.cli.known_issues import known
from farm.running.context import Context
from farm.words import RESULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from farm.regressions.listing import Listed, Shown


@click.group(invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also those that are fixed, left or withdrawn.")
@click.option("--device", "devices", multiple=True, metavar="TYPE", help="Only on this device type (repeatable).")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only of this level: network, ... (repeatable).")
@click.option("--branch", metavar="NAME", help="Only those that are open on this branch.")
@click.option("--recompute", is_flag=True, help="Derive all of them anew from the tables, and say what was different.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-regressions/1 document.")
@click.pass_context
def regressions(
    click_context: click.Context,
    everything: bool,
    devices: tuple[str, ...],
    kinds: tuple[str, ...],
    branch: str | None,
    recompute: bool,
    as_json: bool,
) -> None:
    """What turned from passing to failing and is still open: since when, between which commits, by which definition.

    \b
    farm regressions
    farm regressions --branch main --device numpy --json
    farm regressions show 12
    farm regressions known add --from 12 --owner ada --until 2026-09-30
    """  # noqa: D301
    if click_context.invoked_subcommand is not None:
        return
    from farm.clock import utc_now
    from farm.regressions.definition import name_definitions
    from farm.regressions.listing import list_regressions
    from farm.table.filter import TableFilter

    context, now = Context.here(), utc_now()
    for device in devices:
        context.inventory.device(device)
    TableFilter(kinds=kinds)  # refuses what is none
    if recompute:
        _recompute(context)
        return
    name_definitions(context.database, context.reader, now)
    with context.database.read() as session:
        listed = list_regressions(
            session, context.inventory, now, everything=everything, devices=devices, kinds=kinds, branch=branch
        )
        if as_json:
            from farm.answers.regressions import regressions_document

            emit_json(REGRESSIONS_SCHEMA, regressions_document(listed))
        else:
            _list(listed, everything)


@regressions.command()
@click.argument("number", metavar="ID", type=ROW)
@click.option("--json", "as_json", is_flag=True, help="Print the farm-regression/1 document.")
def show(number: int, as_json: bool) -> None:
    """All of one regression: its commits, its definition, and what both bundles do before and after.

    \b
    farm regressions show 12
    """  # noqa: D301
    from farm.clock import utc_now
    from farm.regressions.definition import name_definitions
    from farm.regressions.listing import show_regression

    context, now = Context.here(), utc_now()
    name_definitions(context.database, context.reader, now, number=number)
    with context.database.read() as session:
        shown = show_regression(session, context.inventory, number, now)
        if as_json:
            from farm.answers.regressions import regression_document

            emit_json(REGRESSION_SCHEMA, regression_document(shown))
        else:
            _show(shown)


regressions.add_command(known)


def _recompute(context: Context) -> None:
    from sqlalchemy import select

    from farm.clock import utc_now
    from farm.database.models import Commit
    from farm.regressions.follow import recompute
    from farm.regressions.lineage import DEPTH, record_lineage

    with context.database.read() as session:
        submitted = session.scalars(select(Commit.sha).distinct()).all()
    lineage = context.repository.lineage(submitted, DEPTH + len(submitted))
    with context.database.write(in_turn=True) as session:
        record_lineage(session, lineage)
        turns = Counter(turned.turn.value for turned in recompute(session, utc_now()))
    said = ", ".join(f"{count} {turn}" for turn, count in sorted(turns.items()))
    click.echo(
        f"regressions brought up to date with the tables: {said}" if said else "regressions are as the tables say"
    )


def _list(listed: Sequence[Listed], everything: bool) -> None:
    from farm.cli import render

    out = render.console()
    if not listed:
        out.print("no regressions" if everything else "no open regressions")
        return
    heads = ["id", "kind", "architecture", "device", *(["state"] if everything else []), "since", "good .. bad"]
    made = render.plain_table(*heads, "on", "outcome", "turned by", "signature", "known issue", "definition")
    for one in listed:
        made.add_row(
            str(one.id),
            one.kind,
            one.architecture,
            one.device,
            *([one.state] if everything else []),
            f"{one.row.opened:%Y-%m-%d}",
            _range(one),
            ", ".join(_short(name) for name in one.row.open_on),
            one.row.outcome,
            one.row.cause,
            one.row.signature[:8] + (f" ×{one.sharing}" if one.sharing > 1 else ""),
            _issue(one),
            one.row.place or ("nothing changed" if one.row.definition == "" else ""),
        )
    out.print(made)
    alike = Counter(one.row.signature for one in listed)
    if len(alike) < len(listed):
        signatures = "1 signature" if len(alike) == 1 else f"{len(alike)} signatures"
        out.print(f"{len(listed)} regressions, {signatures}: ×N says how many open ones share one")


def _show(shown: Shown) -> None:
    from rich.text import Text

    from farm.cli import render

    out, one, row = render.console(), shown.listed, shown.listed.row
    out.print(Text(f"regression {one.id}: {one.architecture} ({one.kind}) on {one.device}", style="bold"))
    on = f" on {', '.join(_short(name) for name in row.open_on)}" if row.open_on else ""
    ended = f", {row.closed:%Y-%m-%d}" if row.closed else ""
    by = f" by {row.fixed[:10]}" if row.fixed else ""
    out.print(f"{one.state}{by}{ended}{on}; opened {row.opened:%Y-%m-%d}; policy {row.policy}")
    out.print(f"{row.outcome}, turned by {row.cause}: {row.reason}")
    out.print(f"signature {row.signature}, shared by {one.sharing} open: {row.signature_text}")
    if one.issue:
        out.print(f"known issue: {_issue(one)}" + (f": {one.issue.note}" if one.issue.note else ""))
    if row.definition:
        out.print(f"first bad definition: {row.place}")
    elif row.definition == "":
        out.print("no definition that it reaches differs between the two commits")
    for change in one.stack:
        out.print(f"the stack changed: {change}")
    _print_range(out, shown)
    _print_square(out, shown)
    if row.bad_attempt:
        out.print(f"passed in attempt {row.good_attempt}, fails in attempt {row.bad_attempt}")
    if one.state == "open" and row.bad_bundle and row.asked and any(p.result == "unknown" for p in shown.places):
        out.print(f"asked for what is unknown on {row.asked:%Y-%m-%d}: `farm jobs` says where that stands")


def _print_range(out: Console, shown: Shown) -> None:
    row = shown.listed.row
    out.print(f"last good {row.last_good[:10]}, first bad {row.first_bad[:10]}: {_commits(shown.listed.commits)}")
    for commit, subject in shown.range:
        out.print(f"  {commit[:10]} {subject}".rstrip())


def _print_square(out: Console, shown: Shown) -> None:
    """The two bundles, a line each, before and after."""
    from farm.cli import render

    if not shown.places:
        return
    half = len(shown.places) // 2
    heads = [p.unit or p.stack[:10] for p in shown.places[:half]]
    before_after = ["before", "after"] if half == 2 else ["on the device"]
    made = render.plain_table("bundle", *(f"{b} ({h})" for b, h in zip(before_after, heads, strict=True)))
    for name, places in (("old", shown.places[:half]), ("new", shown.places[half:])):
        cells = [RESULTS[p.result] + (f" {p.attempt[:10]}" if p.attempt else "") for p in places]
        made.add_row(f"{name} {places[0].bundle[:10]}", *cells)
    out.print(made)


def _range(one: Listed) -> str:
    row = one.row
    if row.last_good == row.first_bad:
        return f"{row.first_bad[:10]} (its stack changed)"
    return f"{row.last_good[:10]}..{row.first_bad[:10]} ({_commits(one.commits)})"


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"


def _issue(one: Listed) -> str:
    if one.issue is None:
        return ""
    over = "expired" if one.issue.standing.value == "expired" else "until"
    return f"{one.issue.owner}, {over} {one.issue.until.isoformat()}"


def _short(name: str) -> str:
    """A branch, or enough of a commit's id."""
    return name[:10] if len(name) == 40 and all(c in "0123456789abcdef" for c in name) else name
