"""``farm table``."""

from __future__ import annotations

import click

from farm.cli.context import Context, emit_json
from farm.cli.documents import TABLE_SCHEMA, table_document


@click.command()
@click.option("--commit", metavar="REV", help="Show the table of this commit (default: the state you are at).")
@click.option("--device", "devices", multiple=True, metavar="TYPE", help="Only these device types.")
@click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="Only network, backbone, neck, head, attention, block."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "csv", "json"]),
    default="text",
    show_default=True,
    help="For a terminal, a pull request, a spreadsheet, a program.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def table(commit: str | None, devices: tuple[str, ...], kinds: tuple[str, ...], form: str, as_json: bool) -> None:
    """The support table of a commit.

    \b
    farm table
    farm table --commit HEAD~3 --kind backbone --format md
    """  # noqa: D301
    from dataclasses import replace

    from farm.cli import render
    from farm.errors import UsageError, near
    from farm.recorded import find_commit
    from farm.table import KIND_ORDER, build_table

    context = Context.here()
    for device in devices:
        context.inventory.device(device)
    for kind in kinds:
        if kind not in KIND_ORDER:
            raise UsageError(f"no kind {kind!r}{near(kind, KIND_ORDER)}; kinds are {', '.join(KIND_ORDER)}")
    with context.database.read() as session:
        key = find_commit(session, context.repository, commit)
        made = build_table(session, key, context.inventory)
    shown = devices or made.devices
    rows = [replace(row, cells={d: row.cells[d] for d in shown}) for row in made.rows if not kinds or row.kind in kinds]
    made = replace(made, devices=tuple(shown), rows=tuple(rows))
    if as_json or form == "json":
        emit_json(TABLE_SCHEMA, table_document(made))
    elif form == "text":
        out = render.console()
        out.print(f"Support table at {made.commit}")
        out.print(render.table_for_terminal(made))
    else:
        click.echo(render.as_csv(made) if form == "csv" else render.as_markdown(made), nl=False)
