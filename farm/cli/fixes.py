"""``farm fixes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import FIXES_SCHEMA
from farm.cli.context import emit_json
from farm.running.context import Context
from farm.words import number_of

if TYPE_CHECKING:
    from farm.reading.fixes import Fix, Lacks, Step

#: Fixes and steps that are shown to people; the document has all fixes.
SHOWN = 15


@click.command()
@click.argument("devices", nargs=-1, metavar="[DEVICE]...")
@click.option("--commit", metavar="REV", help="By the table of this commit (default: the state you are at).")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-fixes/1 document.")
def fixes(devices: tuple[str, ...], commit: str | None, as_json: bool) -> None:
    """What a device lacks, and how many cells of the table would turn green if it did not.

    \b
    farm fixes
    farm fixes jetson --json
    """  # noqa: D301
    from farm.planning.recorded import find_commit
    from farm.reading.fixes import in_order, lacks_of, ranked
    from farm.table.filter import TableFilter
    from farm.table.table import build_table

    context = Context.here()
    with context.database.read() as session:
        key = find_commit(session, context.repository, commit)
        table = TableFilter(devices).apply(build_table(session, key, context.inventory))
    lacks = lacks_of(table)
    found, order = ranked(lacks.blocked), in_order(lacks.blocked)
    if as_json:
        emit_json(FIXES_SCHEMA, document(key, table.devices, lacks, found, order))
    else:
        _show(key, lacks, found, order)


def document(
    commit: str, devices: tuple[str, ...], lacks: Lacks, found: list[Fix], order: list[Step]
) -> dict[str, Any]:
    """``farm-fixes/1``."""
    return {
        "commit": commit,
        "devices": list(devices),
        "blocked": len(lacks.blocked),
        "unexplained": lacks.unexplained,
        "fixes": [
            {
                "device": fix.device,
                "what": fix.what,
                "alone": list(fix.alone),
                "needing": list(fix.needing),
                "beside": [{"what": what, "architectures": count} for what, count in fix.beside],
            }
            for fix in found
        ],
        "order": [{"device": step.device, "fixes": list(step.fixes), "gained": list(step.gained)} for step in order],
    }


def _show(commit: str, lacks: Lacks, found: list[Fix], order: list[Step]) -> None:
    from farm.cli import render

    out = render.console()
    others = f"; {lacks.unexplained} more are not green for another reason" if lacks.unexplained else ""
    blocked = len(lacks.blocked)
    lack = "lacks" if blocked == 1 else "lack"
    out.print(f"{number_of(blocked, 'cell')} at {commit} {lack} something that is known{others}")
    if not found:
        return
    made = render.plain_table("device", "fix", "green by it alone", "need it", "most need beside it")
    for fix in found[:SHOWN]:
        beside = f"{fix.beside[0][0]} ({fix.beside[0][1]})" if fix.beside else ""
        made.add_row(fix.device, fix.what, str(len(fix.alone)), str(len(fix.needing)), beside)
    out.print(made)
    if len(found) > SHOWN:
        out.print(f"and {len(found) - SHOWN} more: --json has all")
    out.print()
    steps = render.plain_table("best order", "device", "fixes", "turn green", "in all")
    total = 0
    for place, step in enumerate(order, 1):
        total += len(step.gained)
        steps.add_row(str(place), step.device, ", ".join(step.fixes), str(len(step.gained)), str(total))
    out.print(steps)
