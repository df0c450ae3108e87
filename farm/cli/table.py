"""``farm table``."""

from __future__ import annotations

import click

from farm.answers.reading import table_document
from farm.answers.schemas import TABLE_SCHEMA
from farm.cli.context import emit_json
from farm.cli.watch import watch_option, watched
from farm.running.context import Context


@click.command()
@click.option("--commit", metavar="REV", help="Show the table of this commit (default: the state you are at).")
@click.option("--device", "devices", multiple=True, metavar="TYPE", help="Only this device type (repeatable).")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="Only network, backbone, neck, head, attention or block (repeatable).",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="PATTERN",
    help="Only architectures of this name, in any case; * and ? stand for anything (repeatable).",
)
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    metavar="VERDICT",
    help="Only rows where a device that is shown says SUPPORTED, FAILED, ... (repeatable).",
)
@click.option("--tested", is_flag=True, help="Only rows where a device that is shown says anything but MISSING.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "csv", "json"]),
    default="text",
    show_default=True,
    help="For a terminal, a pull request, a spreadsheet, a program.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@watch_option
@click.pass_context
def table(
    click_context: click.Context,
    commit: str | None,
    devices: tuple[str, ...],
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    verdicts: tuple[str, ...],
    tested: bool,
    form: str,
    as_json: bool,
    watch: float | None,
) -> None:
    """The support table of a commit: all of it, or the rows that satisfy each filter that is given.

    A cell that does not say how it is known was observed at the commit itself.

    \b
    farm table --tested
    farm table --name 'resnet*' --name UNet --device numpy
    farm table --verdict FAILED --verdict PARTIAL
    farm table --commit HEAD~3 --kind backbone --format md
    farm table --tested --watch 5
    """  # noqa: D301
    from farm.cli import render
    from farm.errors import ExitCode
    from farm.planning.recorded import find_commit
    from farm.table.filter import TableFilter
    from farm.table.table import build_table

    context = Context.here()
    wanted = TableFilter(devices, kinds, names, verdicts, tested)

    def look() -> int:
        with context.database.read() as session:
            key = find_commit(session, context.repository, commit)
            whole = build_table(session, key, context.inventory)
        made = wanted.apply(whole)
        if as_json or form == "json":
            emit_json(TABLE_SCHEMA, table_document(made))
        elif form == "text":
            out = render.console()
            shown = f", {len(made.rows)} of {len(whole.rows)} architectures" if len(made.rows) < len(whole.rows) else ""
            out.print(f"Support table at {made.commit}{shown}")
            out.print(render.table_for_terminal(made))
        else:
            click.echo(render.as_csv(made) if form == "csv" else render.as_markdown(made), nl=False)
        return ExitCode.GOOD

    click_context.exit(watched(look, watch, as_json=as_json or form != "text"))
