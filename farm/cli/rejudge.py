"""``farm rejudge``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import REJUDGE_SCHEMA
from farm.cli.context import emit_json, say
from farm.running.context import Context

if TYPE_CHECKING:
    from farm.coordinator.rejudging import Rejudgement


@click.command()
@click.option(
    "--policy", "name", required=True, metavar="POLICY", help="A policy of inventory.yaml, in its present version."
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="TYPE",
    help="This device type (repeatable; default: all whose policy it is).",
)
@click.option("--commit", metavar="REV", help="Only what this commit's architectures are (default: everything known).")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-rejudge/1 document.")
@click.pass_context
def rejudge(
    click_context: click.Context, name: str, devices: tuple[str, ...], commit: str | None, as_json: bool
) -> None:
    """Judge what devices observed under other policies by this one, without running anything.

    For when a policy gets a new version: verdicts under the old one stay as they are. Where the statistics that were kept do
    not tell what a replay would, it says so, and the next submission replays. Exit code 1 where a verdict is a failure, or
    would be one.

    \b
    farm rejudge --policy fp32
    farm rejudge --policy fp32_fast --device numpy --commit HEAD --json
    """  # noqa: D301
    from farm.clock import utc_now
    from farm.coordinator.rejudging import rejudge as judge_again
    from farm.errors import ExitCode, UsageError
    from farm.planning.recorded import find_commit
    from farm.states.verdict import FAILURES

    context = Context.here()
    policy = context.inventory.policy(name)
    known = context.inventory.devices
    chosen = list(dict.fromkeys(devices)) or [device for device in known if known[device].policy == name]
    if not chosen:
        raise UsageError(f"no device type has the policy {name!r}: name one with --device")
    for device in chosen:
        context.inventory.device(device)
    key = None
    if commit is not None:
        with context.database.read() as session:
            key = find_commit(session, context.repository, commit)
    rows = judge_again(context.database, context.inventory, policy, chosen, utc_now(), commit=key)
    if as_json:
        emit_json(REJUDGE_SCHEMA, document(policy.key, chosen, rows))
    else:
        _show(policy.key, rows)
    bad = any(row.verdict in FAILURES for row in rows)
    click_context.exit(ExitCode.BAD_RESULT if bad else ExitCode.GOOD)


def document(policy: str, devices: list[str], rows: list[Rejudgement]) -> dict[str, Any]:
    """``farm-rejudge/1``."""
    return {
        "policy": policy,
        "devices": devices,
        "rejudged": sum(not row.needs_replay for row in rows),
        "needs_replay": sum(bool(row.needs_replay) for row in rows),
        "rows": [
            {
                "architecture": row.architecture,
                "kind": row.kind,
                "device": row.device,
                "bundle": row.bundle,
                "stack": row.stack,
                "before": {"policy": row.policy_before, "verdict": row.before},
                "verdict": row.verdict,
                "outcome": row.outcome,
                "margin": row.margin,
                "needs_replay": row.needs_replay or None,
            }
            for row in rows
        ],
    }


def _show(policy: str, rows: list[Rejudgement]) -> None:
    from farm.cli import render

    if not rows:
        say(f"farm: nothing was observed that {policy} has not judged yet")
        return
    table = render.plain_table("architecture", "device", "before", "", policy, "margin", "note")
    for row in rows:
        note = f"needs a replay: {row.needs_replay}" if row.needs_replay else ""
        table.add_row(
            f"{row.kind}:{row.architecture}",
            row.device,
            str(row.before),
            f"({row.policy_before})",
            str(row.verdict or "?"),
            "" if row.margin is None else f"{row.margin:.3f}",
            note,
        )
    render.console().print(table)
    waiting = sum(bool(row.needs_replay) for row in rows)
    say(f"farm: {len(rows) - waiting} judged by {policy}; {waiting} need a replay, which the next submission makes")
