"""``farm submit``."""

from __future__ import annotations

import click

from farm.cli.context import Context, emit_json, say
from farm.cli.documents import SUBMIT_SCHEMA
from farm.cli.plan import asked_plan, reason_lines, selection_options
from farm.cli.records import Records


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
@click.option("--timeout", type=float, metavar="SECONDS", help="Give up waiting after this long (exit code 5).")
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
    """  # noqa: D301
    from farm.ask_stacks import ask_stacks
    from farm.clock import utc_now
    from farm.conversion.stored import checkpoints_of
    from farm.coordinator.inheritance import Reprove
    from farm.last_change import last_changes
    from farm.run import LOCAL_UNIT, run_here, wait_for
    from farm.submission import known_changes, record
    from farm.summary import summarise
    from mcore.toolchain import toolchain

    context = Context.here()
    context.check_profiles()
    # What is converted and run is not to depend on whether the doubts could be read.
    plan = asked_plan(Records(context, optional=False), changed_since, everything, names, commit, exclusions_only)
    with context.database.read() as session:
        known = known_changes(session, plan)
    changes = last_changes(context.reader, plan, context.inventory.catalogue.packages, known)
    checkpoints = checkpoints_of(plan.selected)
    here = context.settings.broker_url is None
    if here and plan.selected:
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
        branch=branch or context.repository.branch(commit),
    )
    say(
        f"farm: {len(plan.selected)} of {len(plan.entries)} architectures selected at {submitted.commit[:24]}; {submitted}"
    )
    for line in reason_lines(plan):
        say(f"farm:   {line}")
    if checkpoints:
        say(f"farm: {len(checkpoints)} of them with trained weights, the others calibrated")
    if here:
        run_here(context.database, context.inventory, context.repository, context.settings, submitted, say, timeout)
    elif wait:
        wait_for(context.database, submitted, say, timeout)
    with context.database.read() as session:
        summary = summarise(session, context.inventory, submitted.commit)
        tally = summary.tally(session, submitted) if here or wait else None
    if as_json:
        cost = tally.document() if tally else None
        selected = [
            {"architecture": e.architecture.name, "kind": e.architecture.kind, "reason": e.selection.reason}
            for e in plan.selected
        ]
        document = {"submission": submitted.submission, **summary.document(), "selected": selected, "cost": cost}
        emit_json(SUBMIT_SCHEMA, document)
    else:
        for line in summary.lines():
            click.echo(line)
        if tally:
            click.echo(tally.line())
        if not (here or wait):
            click.echo(f"submitted as {submitted.submission}; `farm status NAME` and `farm table` show what is known")
    click_context.exit(summary.exit_code(finished=here or wait, problems=bool(plan.problems)))
