"""``farm status``."""

from __future__ import annotations

import click

from farm.answers.reading import status_document
from farm.answers.schemas import STATUS_SCHEMA
from farm.cli.context import emit_json
from farm.cli.watch import watch_option, watched
from farm.running.context import Context


@click.command()
@click.argument("architecture", metavar="NAME[@REV]")
@click.option("--kind", metavar="KIND", help="Where two levels have the name: network, backbone, ...")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-status/1 document.")
@watch_option
@click.pass_context
def status(
    click_context: click.Context, architecture: str, kind: str | None, as_json: bool, watch: float | None
) -> None:
    """What is known of one architecture on every device; exit code 1 where a device fails it.

    \b
    farm status resnet50
    farm status resnet50@HEAD~3 --json
    farm status resnet50 --watch
    """  # noqa: D301
    from farm.cli import render, render_status
    from farm.clock import utc_now
    from farm.errors import ExitCode
    from farm.planning.recorded import find_commit
    from farm.reading.status import read_status
    from farm.states.verdict import FAILURES

    name, _, revision = architecture.partition("@")
    context = Context.here()
    attended = context.settings.broker_url is not None

    def look() -> int:
        with context.database.read() as session:
            commit = find_commit(session, context.repository, revision or None)
            found = read_status(session, context.inventory, commit, name, utc_now(), kind=kind, attended=attended)
        if as_json:
            emit_json(STATUS_SCHEMA, status_document(found))
        else:
            render_status.show(found, render.console())
        bad = any(cell.verdict in FAILURES for cell in found.row.cells.values())
        return ExitCode.BAD_RESULT if bad else ExitCode.GOOD

    click_context.exit(watched(look, watch, as_json=as_json))
