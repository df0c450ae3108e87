"""``farm gate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from farm.answers.schemas import GATE_SCHEMA
from farm.cli.context import emit_json, say
from farm.cli.gate_options import REGRESSION, Asked, gate_options, page_links, posted_status
from farm.running.context import Context

if TYPE_CHECKING:
    from farm.gating.judgement import FailOn, Gate


@click.command()
@click.argument("commit", metavar="[COMMIT|SUBMISSION]", required=False)
@gate_options(REGRESSION)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "junit", "json"]),
    default="text",
    show_default=True,
    help="For a terminal, a pull request, what shows test reports, a program.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json: the farm-gate/1 document.")
@click.pass_context
def gate(
    click_context: click.Context,
    commit: str | None,
    fail_on: str,
    base: str | None,
    markdown: Path | None,
    junit: Path | None,
    status_url: str | None,
    form: str,
    as_json: bool,
) -> None:
    """Judge a commit by what is recorded of it (default: the state you are at); runs nothing.

    A regression is what works at the base and fails here, or has no result here any more. What fails at the base too does
    not count. Exit code 1 for what --fail-on names, 3 where the farm cannot tell: results are lacking, here or at the base.

    \b
    farm gate --base origin/main
    farm gate 3f2a --format md
    farm gate HEAD --base HEAD~1 --fail-on failure --junit report.xml
    """  # noqa: D301
    from farm.errors import UsageError
    from farm.gating.reading import find_base, find_judged, read_gate

    asked = Asked(fail_on, base, markdown, junit, status_url)
    context = Context.here()
    with context.database.read() as session:
        judged, recorded = find_judged(session, context.repository, commit)
    revision = base or recorded
    if revision is None and fail_on == REGRESSION:
        raise UsageError("nothing says what it is to be compared with: name a revision by --base, such as origin/main")
    sha, _, dirty = judged.partition("+")
    if commit is None and not dirty and sha != context.repository.resolve("HEAD"):
        say(f"farm: nothing is recorded of where you are; judged is {sha[:10]}, the nearest commit before it that is")
    against = find_base(context.repository, revision, sha, dirty=bool(dirty)) if revision else None
    with posted_status(asked) as status:
        with context.database.read() as session:
            made = read_gate(session, context.inventory, judged, against)
        asked.write(made)
        status.conclude(made)
    _print(made, asked.fails_on, "json" if as_json else form)
    click_context.exit(made.exit_code(asked.fails_on))


def _print(made: Gate, fail_on: FailOn, form: str) -> None:
    from farm.cli import gate_reports
    from farm.clock import utc_now
    from farm.gating.junit import as_junit

    if form == "json":
        emit_json(GATE_SCHEMA, gate_reports.gate_document(made, fail_on))
    elif form == "md":
        click.echo(gate_reports.as_markdown(made, fail_on, page_links()), nl=False)
    elif form == "junit":
        click.echo(as_junit(made, utc_now()), nl=False)
    else:
        gate_reports.print_gate(made, fail_on)
