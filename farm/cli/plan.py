"""``farm plan``, and the options by which a plan is asked for (``farm submit`` has them too)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import PLAN_SCHEMA
from farm.cli.context import emit_json, say
from farm.cli.records import Records
from farm.running.context import Context
from farm.words import number_of, span

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from farm.planning.cost import Cost, History
    from farm.planning.plan import Doubts, Plan

#: Selected architectures that a submission names.
SHOWN = 20


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--changed-since``, ``--all``, ``--name``, ``--commit`` and ``--exclusions-only``."""
    for option in (
        click.option("--name", "names", multiple=True, metavar="NAME", help="Select this architecture (repeatable)."),
        click.option("--commit", metavar="REV", help="Take this commit, not the files as they are on disk."),
        click.option(
            "--exclusions-only", is_flag=True, help="Choose from what the exclusions file names, and only from that."
        ),
        click.option("--all", "everything", is_flag=True, help="Select every architecture."),
        click.option("--changed-since", metavar="REV", help="Select what changed since this revision."),
    ):
        command = option(command)
    return command


def asked_plan(
    records: Records,
    changed_since: str | None,
    everything: bool,
    names: tuple[str, ...],
    commit: str | None,
    exclusions_only: bool,
) -> Plan:
    """The plan that the options ask for; says on standard error what is uncommitted and what could not be read.

    Raises:
        InfrastructureError: what is recorded against the selection cannot be read, and ``records`` are not optional.
        UsageError: not just one of ``--changed-since``, ``--all`` and ``--name``.
        NotFoundError: there is no architecture of a name.
    """
    from farm.errors import UsageError
    from farm.planning.plan import make_plan
    from workers.codec import one_line

    said = [changed_since is not None, everything, bool(names)].count(True)
    if said > 1 or (not said and not exclusions_only):
        raise UsageError("say either --changed-since REV, --all or --name NAME, or --exclusions-only for all of these")
    context = records.context
    plan = make_plan(
        context.reader,
        context.inventory,
        changed_since=changed_since,
        names=names,
        commit=commit,
        exclusions_only=exclusions_only,
        doubts=recorded_doubts(records),
    )
    if plan.state.dirty:
        files = one_line(", ".join(plan.state.dirty[:3])) + (" ..." if len(plan.state.dirty) > 3 else "")
        say(
            f"farm: with {number_of(len(plan.state.dirty), 'uncommitted file')}: {files}; the state is {plan.state.key}"
        )
    for problem in plan.problems:
        say(f"farm: {problem}")
    return plan


def recorded_doubts(records: Records) -> Doubts:
    """What is recorded against the selection."""
    from farm.planning.plan import Doubts

    def read(session: Session) -> Doubts:
        from farm.audit.doubts import read_doubts

        return read_doubts(session)

    return records.look_up(read, Doubts(), "whether the selection missed anything before is not known")


@click.command()
@selection_options
@click.option("--list-all", is_flag=True, help="List what is left out too, each with the reason.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-plan/1 document, which always has all of them.")
@click.pass_context
def plan(
    click_context: click.Context,
    changed_since: str | None,
    everything: bool,
    names: tuple[str, ...],
    commit: str | None,
    exclusions_only: bool,
    list_all: bool,
    as_json: bool,
) -> None:
    """What a submission would select, and why; runs nothing, imports no model code.

    \b
    farm plan --changed-since HEAD~1
    farm plan --changed-since HEAD~1 --list-all
    farm plan --all --json
    farm plan --exclusions-only
    """  # noqa: D301
    from farm.errors import ExitCode

    records = Records(Context.here(), optional=True)
    made = asked_plan(records, changed_since, everything, names, commit, exclusions_only)
    cost = _cost(records, made)
    if as_json:
        emit_json(PLAN_SCHEMA, plan_document(made, cost))
    else:
        _print(made, cost, list_all=list_all)
    click_context.exit(ExitCode.BAD_RESULT if made.problems else ExitCode.GOOD)


def _cost(records: Records, made: Plan) -> Cost | None:
    """The cost by what is recorded; ``None`` where nothing is, or where it cannot be read: a plan needs no database."""
    inventory = records.context.inventory

    def read(session: Session) -> History:
        from farm.conversion.stored import checkpoints_of
        from farm.planning.cost import read_history
        from mcore.toolchain import toolchain

        return read_history(session, made, inventory, toolchain(), checkpoints_of(made.selected))

    history = records.look_up(read, None, "the plan is without its cost")
    if history is None:
        return None
    from farm.planning.cost import estimate

    return estimate(made, {name: device.units for name, device in inventory.devices.items()}, history)


def plan_document(made: Plan, cost: Cost | None = None) -> dict[str, Any]:
    """``farm-plan/1``; ``priority`` is the place in the order of all architectures, from 0; ``cost`` is null without one."""
    return {
        "commit": made.state.key,
        "base": made.base,
        "architectures": [
            {
                "name": entry.architecture.name,
                "kind": entry.architecture.kind,
                "selected": entry.selection.selected,
                "reason": entry.selection.reason,
                "chain": [link._asdict() for link in entry.selection.chain],
                "priority": entry.priority,
                "cost": _estimates(cost, entry.architecture.key),
                "file": entry.architecture.file,
                "line": entry.architecture.line,
            }
            for entry in made.entries
        ],
        "removed": [{"name": s.architecture.name, "kind": s.architecture.kind} for s in made.removed],
        "problems": [{"name": p.name, "where": p.where, "what": p.what} for p in made.problems],
        "cost": {
            "wall_s": cost.wall_s,
            "totals": {
                device: {"work": t.work, "seconds": t.seconds, "guessed_s": t.guessed_s, "unknown": t.unknown}
                for device, t in cost.totals.items()
            },
        }
        if cost is not None and cost.known
        else None,
    }


def reason_lines(made: Plan) -> list[str]:
    """The selected with their reasons, the most urgent first; not more than can be read at a glance."""
    lines = [f"{e.architecture.kind} {e.architecture.name}: {e.selection.reason}" for e in made.selected[:SHOWN]]
    more = len(made.selected) - len(lines)
    return [*lines, f"and {more} more: `farm plan` lists them"] if more else lines


def _estimates(cost: Cost | None, key: str) -> dict[str, Any] | None:
    if cost is None or not cost.known or key not in cost.architectures:
        return None
    return {d: {"seconds": e.seconds, "guessed": e.guessed} for d, e in cost.architectures[key].items()}


def _print(made: Plan, cost: Cost | None, *, list_all: bool) -> None:
    """The selected in the order in which they are begun, then the others or how many they are, then what it takes."""
    click.echo(f"{len(made.selected)} of {len(made.entries)} architectures are selected at {made.state.key}")
    rest = [e for e in made.entries if not e.selection.selected]
    rows = []
    for place, entry in enumerate(made.selected, start=1):
        a = entry.architecture
        rows.append((str(place), a.kind, a.name, _one_cost(cost, a.key), entry.selection.reason))
    if list_all:
        rows += [("", e.architecture.kind, e.architecture.name, "", e.selection.reason) for e in rest]
    rows += [("-", s.architecture.kind, s.architecture.name, "", s.reason) for s in made.removed]
    if rows:
        _print_table([("", "kind", "architecture", "cost", "reason"), *rows])
    if rest and not list_all:
        click.echo(rest_line([e.selection.reason for e in rest]))
    for line in cost_lines(made, cost):
        click.echo(line)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Rows below their heads, in columns; without the cost where nothing is known of it."""
    shown = [0, 1, 2, 3, 4] if any(row[3] for row in rows[1:]) else [0, 1, 2, 4]
    widths = [max(len(row[column]) for row in rows) for column in shown[:-1]]
    for row in rows:
        cells = [row[column].ljust(width) for column, width in zip(shown, widths, strict=False)]
        click.echo("  ".join([*cells, row[shown[-1]]]).rstrip())


def rest_line(reasons: list[str]) -> str:
    """What is left out in one line, with the commonest reason: ``222 left out: unchanged since 30e3d5f96a; ...``."""
    (commonest, number), *others = Counter(reasons).most_common()
    why = f"{number} for {commonest!r}, {len(reasons) - number} for other reasons" if others else commonest
    return f"{len(reasons)} left out: {why}; --list-all has each with its reason"


def _one_cost(cost: Cost | None, key: str) -> str:
    """All seconds of one architecture together; with ``~`` where a part is a guess, ``?`` where a part is unknown."""
    if cost is None or not cost.known or key not in cost.architectures:
        return ""
    estimates = cost.architectures[key].values()
    known = [e.seconds for e in estimates if e.seconds is not None]
    guess = "~" if any(e.guessed and e.seconds is not None for e in estimates) else ""
    if not known:
        return "?" if estimates else "known"
    return f"{guess}{span(sum(known))}{'+?' if len(known) < len(estimates) else ''}"


def cost_lines(made: Plan, cost: Cost | None) -> list[str]:
    """The cost of a plan in words."""
    if not made.selected:
        return []
    if cost is None or not cost.known or cost.wall_s is None:
        return ["no estimate of the cost: no conversion and no attempt is recorded yet"]
    lines = []
    for device, total in cost.totals.items():
        said = f"{total.work} to do, {span(total.seconds)}"
        if total.guessed_s:
            said += f", {total.guessed_s / total.seconds:.0%} of it guessed from others of the kind"
        if total.unknown:
            said += f", and {total.unknown} of which nothing is known"
        lines.append(f"{device}: {said if total.work else 'nothing to do'}")
    return [*lines, f"about {span(cost.wall_s)} in all, with one converter and every unit at work"]
