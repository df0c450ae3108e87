"""``farm logs``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import LOGS_SCHEMA
from farm.cli.context import emit_json, say
from farm.running.context import Context
from workers.codec import one_line

if TYPE_CHECKING:
    from farm.reading.attempt_log import AttemptLog


@click.command()
@click.argument("asked", metavar="ATTEMPT|JOB")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-logs/1 document.")
def logs(asked: str, as_json: bool) -> None:
    """What an attempt left behind: how it ended, at which stage, by which signal, and the end of what its process said.

    An attempt is named by its id or the first digits of it; of a job, by its number, all attempts are shown, the oldest first.

    \b
    farm logs 706fe00c
    farm logs 17 --json
    """  # noqa: D301
    from farm.reading.attempt_log import read_logs

    with Context.here().database.read() as session:
        found = read_logs(session, asked)
    if as_json:
        emit_json(LOGS_SCHEMA, logs_document(asked, found))
        return
    if not found:
        say(f"farm: job {asked} has had no attempt yet; `farm jobs` says why it waits")
    for place, attempt in enumerate(found):
        if place:
            click.echo()
        for line in _lines(attempt):
            click.echo(line)


def logs_document(asked: str, found: tuple[AttemptLog, ...]) -> dict[str, Any]:
    """``farm-logs/1``."""
    return {
        "asked": asked,
        "attempts": [
            {
                "attempt": a.attempt,
                "n": a.n,
                "job": a.job,
                "architecture": a.architecture,
                "kind": a.kind,
                "device": a.device,
                "policy": a.policy,
                "commit": a.commit,
                "bundle": a.bundle,
                "state": a.state,
                "unit": a.unit,
                "outcome": a.outcome,
                "cause": a.cause,
                "stage": a.stage,
                "signal": a.signal,
                "signal_name": a.signal_name,
                "message": a.message,
                "unsupported": list(a.unsupported),
                "duration_s": a.duration_s,
                "peak_memory_bytes": a.peak_memory_bytes,
                "dispatched": a.dispatched.isoformat(),
                "finished": a.finished.isoformat() if a.finished else None,
                "rejudged": a.rejudged,
                "cases": [
                    {
                        "sample": c.sample,
                        "outcome": c.outcome,
                        "message": c.message,
                        "latency_ms": c.latency_ms,
                        "fallback": c.fallback,
                    }
                    for c in a.cases
                ],
                "log": a.log,
            }
            for a in found
        ],
    }


def _lines(a: AttemptLog) -> Iterator[str]:
    from workers.outcome import Group, Outcome

    yield f"attempt {a.attempt}: try {a.n} of job {a.job}, {a.kind} {a.architecture} on {a.device} at {a.commit[:10]}"
    times = f"sent {a.dispatched:%Y-%m-%d %H:%M:%S}Z"
    if a.finished:
        times += f", finished {a.finished:%Y-%m-%d %H:%M:%S}Z"
    if a.duration_s is not None:
        times += f", {a.duration_s:.1f} s on the unit"
    yield f"  {a.state}, {f'unit {a.unit}' if a.unit else 'no unit has said that it has it'}; {times}"
    if a.rejudged:
        yield f"  ran nothing: attempt {a.rejudged} judged again by policy {a.policy}"
    if a.outcome:
        blamed = f", cause: {a.cause}" if Outcome(a.outcome).group not in (Group.GOOD, Group.SKIPPED) else ""
        yield f"  {a.outcome}{blamed}" + (f": {one_line(a.message)}" if a.message else "")
    if a.stage:
        end = f", ended by {a.signal_name}" if a.signal is not None else ""
        memory = f", at most {a.peak_memory_bytes / (1 << 20):.0f} MiB of memory" if a.peak_memory_bytes else ""
        yield f"  last stage: {a.stage}{end}{memory}"
    if a.unsupported:
        yield f"  ops that the device lacks: {', '.join(a.unsupported)}"
    for case in a.cases:
        time = f", {case.latency_ms:.1f} ms" if case.latency_ms is not None else ""
        fallback = f"; not on the device itself: {case.fallback}" if case.fallback else ""
        message = f": {one_line(case.message)}" if case.message else ""
        yield f"  {case.sample}: {case.outcome}{time}{message}{fallback}"
    if a.log:
        yield "  log:"
        yield from (f"    {line}" for line in a.log.splitlines())
    elif a.finished:
        yield "  its process said nothing"
