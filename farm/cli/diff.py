"""``farm diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from farm.answers.diff import diff_document
from farm.answers.schemas import DIFF_SCHEMA
from farm.cli.context import emit_json
from farm.running.context import Context
from farm.table.slower import MOST_SLOWER, SLOWER_BY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from farm.table.diff import Diff, Difference


def _number(_context: click.Context, parameter: click.Parameter, value: float) -> float:
    """``nan`` is in every range: it compares with nothing."""
    if value != value:
        raise click.BadParameter("nan is no factor", param=parameter)
    return value


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@click.option("--device", "devices", multiple=True, metavar="TYPE", help="Only this device type (repeatable).")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="Only network, backbone, neck, head, attention or block (repeatable).",
)
@click.option(
    "--slower-by",
    type=click.FloatRange(min=1.0, max=MOST_SLOWER, min_open=True),
    default=SLOWER_BY,
    callback=_number,
    show_default=True,
    metavar="FACTOR",
    help="Call slower what takes so many times as long.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
    help="For a terminal, a pull request, a program.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json: the farm-diff/1 document.")
@click.pass_context
def diff(
    click_context: click.Context,
    before: str,
    after: str | None,
    devices: tuple[str, ...],
    kinds: tuple[str, ...],
    slower_by: float,
    form: str,
    as_json: bool,
) -> None:
    """What commit B (default: the state you are at) broke, fixed, made slower, brought and took away since A.

    A result that A has and B lacks counts as broken. Exit code 1 where something broke.

    \b
    farm diff main
    farm diff HEAD~1 HEAD --device numpy --kind network
    farm diff v1.0 main --format md
    """  # noqa: D301
    from farm.cli import render
    from farm.errors import ExitCode
    from farm.planning.recorded import find_commit
    from farm.table.diff import Effect, compare
    from farm.table.filter import TableFilter
    from farm.table.table import build_differing

    context = Context.here()
    wanted = TableFilter(devices, kinds)
    with context.database.read() as session:
        older, newer = (find_commit(session, context.repository, revision) for revision in (before, after))
        one, other = build_differing(session, older, newer, context.inventory)
    made = compare(wanted.apply(one), wanted.apply(other), slower_by)
    if as_json or form == "json":
        emit_json(DIFF_SCHEMA, diff_document(made))
    elif form == "md":
        table = f"\n{render.markdown([HEADS, *_rows(made)])}" if made.differences else ""
        click.echo(f"{headline(made)}\n{table}", nl=False)
    else:
        out = render.console()
        out.print(headline(made))
        if made.differences:
            shown = render.plain_table(*HEADS)
            for row in _rows(made):
                shown.add_row(*row)
            out.print(shown)
    click_context.exit(ExitCode.BAD_RESULT if made.counts[Effect.BROKEN] else ExitCode.GOOD)


HEADS = ["change", "kind", "architecture", "device", "before", "after"]


def headline(made: Diff) -> str:
    """Both commits, and how many cells there are of each effect."""
    counted = {effect.value: f"{count} {effect}" for effect, count in made.counts.items()}
    counted["slower"] += f" (by {made.slower_by:g} or more)"
    return f"{made.before} → {made.after}: {', '.join(counted.values())}"


def _rows(made: Diff) -> Iterator[list[str]]:
    from farm.cli.render import cell_words

    for d in made.differences:
        words = [cell_words(cell) if cell else "" for cell in (d.cell_before, d.cell_after)]
        yield [_change(d), d.row.kind, d.row.name, d.device, *words]


def _change(difference: Difference) -> str:
    if difference.slowdown is not None:
        return f"slower, {difference.slowdown:.2g} times"
    return "broken, no result" if difference.lost else difference.effect.value
