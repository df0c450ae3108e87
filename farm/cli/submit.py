"""``farm submit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from farm.answers.schemas import SUBMIT_SCHEMA
from farm.cli.context import emit_json, say
from farm.cli.gate_options import FAILURE, Asked, gate_options, posted_status
from farm.cli.plan import asked_plan, reason_lines, selection_options
from farm.cli.records import Records
from farm.running.context import Context

if TYPE_CHECKING:
    from farm.gating.judgement import FailOn, Gate
    from farm.planning.plan import Plan
    from farm.submission.record import Submitted
    from farm.submission.summary import Summary, Tally


@click.command()
@selection_options
@click.option("--reconvert", is_flag=True, help="Convert anew what was converted before from the same code.")
@click.option(
    "--reprove",
    is_flag=False,
    flag_value="failures",
    type=click.Choice(["failures", "all"]),
    metavar="[failures|all]",
    help="Run again what failed before on an equal bundle and stack, though it still counts; or all that counts.",
)
@click.option(
    "--branch",
    metavar="NAME",
    help="The branch that this is the newest commit of, whose older ones need not be tested any more (default: as git says).",
)
@click.option("--wait", is_flag=True, help="With a broker: wait for the results.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Give up waiting after this long (exit code 5).",
)
@gate_options(FAILURE)
@click.option("--json", "as_json", is_flag=True, help="Print the farm-submit/1 document.")
@click.pass_context
def submit(
    click_context: click.Context,
    changed_since: str | None,
    everything: bool,
    names: tuple[str, ...],
    commit: str | None,
    exclusions_only: bool,
    reconvert: bool,
    reprove: str | None,
    branch: str | None,
    wait: bool,
    timeout: float | None,
    fail_on: str,
    base: str | None,
    markdown: Path | None,
    junit: Path | None,
    status_url: str | None,
    as_json: bool,
) -> None:
    """Convert what changed, run it on every device, enter it in the support table.

    Without a broker (FARM_BROKER_URL) everything runs here and now, in child processes of this command. With one, the
    coordinator and the device hosts do the work, and --wait waits for it.

    \b
    farm submit --changed-since HEAD~1
    farm submit --all
    farm submit --name resnet50 --name UNet
    farm submit --name resnet50 --reprove
    farm submit --exclusions-only
    farm submit --commit $CI_COMMIT --changed-since $CI_BASE --branch $CI_BRANCH --wait
    farm submit --changed-since origin/main --wait --fail-on regression --markdown gate.md --junit gate.xml
    """  # noqa: D301
    from farm.errors import UsageError
    from farm.extras import require_torch
    from farm.gating.reading import read_gate
    from farm.notifications.targets import load_targets
    from farm.submission.summary import summarise

    asked = Asked(fail_on, base, markdown, junit, status_url)
    context = Context.here()
    context.check_profiles()
    if context.settings.broker_url is None:
        load_targets(
            context.inventory.notifications
        )  # a URL that is none is said now, and not when there is something to say
        require_torch()
    finished = context.settings.broker_url is None or wait
    if asked.judges and not finished:
        raise UsageError("there is nothing to judge before the results are there: say --wait too")
    if timeout is not None and not finished:
        raise UsageError("--timeout is for waiting, and with a broker a submission waits for nothing: say --wait too")
    since, against = asked.since(context.repository, changed_since, commit)
    # What is converted and run is not to depend on whether the doubts could be read.
    plan = asked_plan(Records(context, optional=False), since, everything, names, commit, exclusions_only)
    with posted_status(asked) as status:
        submitted = _enter(context, plan, reconvert, reprove, branch or context.repository.branch(commit))
        if finished:
            status.begin(submitted.commit)
            carry_out(context, submitted, timeout)
        made, tally = None, None
        with context.database.read() as session:
            summary = summarise(session, context.inventory, submitted.commit)
            if finished:
                tally = summary.tally(session, submitted)
            if finished and (asked.judges or status.posts):
                made = read_gate(session, context.inventory, submitted.commit, against, len(plan.problems))
        if made:
            asked.write(made)
            status.conclude(made)
    _print(plan, submitted, summary, tally, made, asked.fails_on, as_json=as_json)
    if made:
        click_context.exit(made.exit_code(asked.fails_on))
    fruitless = tally.fruitless if tally else 0
    click_context.exit(summary.exit_code(finished=finished, problems=bool(plan.problems), fruitless=fruitless))


def _enter(context: Context, plan: Plan, reconvert: bool, reprove: str | None, branch: str | None) -> Submitted:
    """Enter the plan in the database, and say so."""
    from farm.clock import utc_now
    from farm.conversion.stored import checkpoints_of
    from farm.planning.last_change import last_changes
    from farm.regressions.lineage import DEPTH
    from farm.running.submission import LOCAL_UNIT
    from farm.submission.ask_stacks import ask_stacks
    from farm.submission.record import known_changes, record
    from farm.verdicts.inheritance import Reprove
    from mcore.toolchain import toolchain

    with context.database.read() as session:
        known = known_changes(session, plan)
    changes = last_changes(context.reader, plan, context.inventory.catalogue.packages, known)
    checkpoints = checkpoints_of(plan.selected)
    if context.settings.broker_url is None and plan.selected:
        ask_stacks(context.database, context.inventory, LOCAL_UNIT, utc_now(), say)
    submitted = record(
        context.database,
        plan,
        context.inventory,
        toolchain(),
        changes,
        checkpoints=checkpoints,
        reconvert=reconvert,
        reprove=Reprove(reprove or ""),
        branch=branch,
        lineage=context.repository.lineage([plan.state.sha], DEPTH),
    )
    say(
        f"farm: {len(plan.selected)} of {len(plan.entries)} architectures selected at {submitted.commit[:24]}; {submitted}"
    )
    for line in reason_lines(plan):
        say(f"farm:   {line}")
    if checkpoints:
        say(f"farm: {len(checkpoints)} of them with trained weights, the others calibrated")
    return submitted


def carry_out(context: Context, submitted: Submitted, timeout: float | None) -> None:
    """Run all of it here, or wait for those who do."""
    from farm.cli.live import progress_display
    from farm.running.submission import run_here, wait_for

    database, inventory = context.database, context.inventory
    with progress_display() as display:
        if context.settings.broker_url is None:
            run_here(database, inventory, context.repository, context.settings, submitted, display, timeout)
        else:
            wait_for(database, inventory, submitted, display, timeout)


def _print(
    plan: Plan,
    submitted: Submitted,
    summary: Summary,
    tally: Tally | None,
    made: Gate | None,
    fail_on: FailOn,
    *,
    as_json: bool,
) -> None:
    from farm.cli.gate_reports import gate_document, print_gate

    if as_json:
        selected = [
            {"architecture": e.architecture.name, "kind": e.architecture.kind, "reason": e.selection.reason}
            for e in plan.selected
        ]
        document = {
            "submission": submitted.submission,
            **summary.document(),
            "selected": selected,
            "cost": tally.document() if tally else None,
            "gate": gate_document(made, fail_on) if made else None,
        }
        emit_json(SUBMIT_SCHEMA, document)
        return
    for line in summary.lines():
        click.echo(line)
    if tally:
        click.echo(tally.line())
    else:
        click.echo(f"submitted as {submitted.submission}; `farm status NAME` and `farm table` show what is known")
    if made:
        print_gate(made, fail_on)
