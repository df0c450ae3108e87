"""``farm history``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from farm.answers.history import history_document
from farm.answers.schemas import HISTORY_SCHEMA
from farm.cli.context import emit_json
from farm.running.context import Context
from farm.words import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.table.history import History

#: Commits that are shown where no other number is asked for.
SHOWN = 20


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--device", "devices", multiple=True, metavar="TYPE", help="Only this device type (repeatable).")
@click.option("--kind", metavar="KIND", help="Where two levels have the name: network, backbone, ...")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=SHOWN,
    show_default=True,
    metavar="N",
    help="Show the newest N commits.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the farm-history/1 document.")
def history(name: str, devices: tuple[str, ...], kind: str | None, limit: int, as_json: bool) -> None:
    """What is known of one architecture at every commit that was submitted, the newest first.

    A * marks the commits that changed its code.

    \b
    farm history resnet50
    farm history resnet50 --device numpy --limit 5 --json
    """  # noqa: D301
    from farm.errors import NotFoundError
    from farm.table.history import read_history

    context = Context.here()
    for device in devices:
        if device not in context.inventory.devices:
            raise NotFoundError("device", device, context.inventory.devices)
    with context.database.read() as session:
        made = read_history(session, context.inventory, name, kind, limit)
    shown = devices or made.devices
    if as_json:
        emit_json(HISTORY_SCHEMA, history_document(made, shown))
    else:
        _show(made, shown)


def _show(made: History, devices: Sequence[str]) -> None:
    from rich.text import Text

    from farm.cli import render

    out = render.console()
    out.print(f"{made.name} ({made.kind})")
    table = render.plain_table("commit", "date", "")
    for device in devices:
        table.add_column(device, no_wrap=True, min_width=len("✓ SUPPORTED"))
    table.add_column("subject", no_wrap=True)
    for entry in made.entries:
        cells = [entry.row.cells[device] for device in devices]
        words = [Text(render.cell_words(cell), style=SYMBOLS[cell.verdict][1]) for cell in cells]
        changed = "*" if entry.changed else ""
        table.add_row(_short(entry.commit), f"{entry.date:%Y-%m-%d}", changed, *words, entry.subject)
    out.print(table)
    if made.older:
        out.print(f"and {made.older} older: --limit {len(made.entries) + made.older} shows all")


def _short(commit: str) -> str:
    """Enough of a key to find it again; that there were uncommitted changes is kept."""
    sha, plus, changes = commit.partition("+")
    return f"{sha[:10]}{plus}{changes}"
