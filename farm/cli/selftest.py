"""``farm selftest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import SELFTEST_SCHEMA
from farm.cli.context import emit_json, say

if TYPE_CHECKING:
    from farm.selftest.grading import Graded, Marks


@click.command()
@click.option("--quick", is_flag=True, help="Two networks, and a broken unit on one of them: below a minute.")
@click.option("--list", "listed", is_flag=True, help="Print the faults, a line each, and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-selftest/1 document.")
@click.pass_context
def selftest(click_context: click.Context, quick: bool, listed: bool, as_json: bool) -> None:
    """Inject every fault on purpose, and print what the farm makes of each.

    Exit code 1 where the floor is broken: a fault of the infrastructure or the harness was held against the product, or a fault
    of the product passed. Needs no repository, database or broker; attempts run in child processes on this machine.

    \b
    farm selftest --quick
    farm selftest --json
    """  # noqa: D301
    if listed:
        click.echo("\n".join(_catalogue()))
        return
    marks = _marks(quick)
    if as_json:
        emit_json(SELFTEST_SCHEMA, selftest_document(marks))
    else:
        click.echo("\n".join(_lines(marks)))
    if not marks.floor_holds:
        from farm.errors import ExitCode

        click_context.exit(ExitCode.BAD_RESULT)


def selftest_document(marks: Marks) -> dict[str, Any]:
    """``farm-selftest/1``."""
    return {
        "injected": len(marks.graded),
        "correct": marks.correct,
        "infra_as_product": marks.infra_as_product,
        "product_as_pass": marks.product_as_pass,
        "matrix": [
            {
                "injected": g.injection.fault,
                "scope": g.injection.scope,
                "network": g.injection.network,
                "expected_outcome": g.injection.outcome,
                "expected_cause": g.injection.cause,
                "outcome": g.outcome,
                "cause": g.cause,
                "correct": g.correct,
                "message": g.message,
                "seconds": round(g.seconds, 3),
            }
            for g in marks.graded
        ],
    }


def _marks(quick: bool) -> Marks:
    import os
    import tempfile
    from pathlib import Path

    from farm.selftest.grading import graded
    from farm.selftest.injections import injections
    from farm.selftest.networks import drawn

    networks = [drawn(seed) for seed in range(2 if quick else 5)]
    with tempfile.TemporaryDirectory(prefix="farm-selftest-") as folder:
        planned = injections([n.name for n in networks], folder, unit_networks=1 if quick else None)
        say(f"farm: {len(planned)} attempts")
        return graded(planned, networks, Path(folder), parallel=os.cpu_count() or 1, seen=_warn)


def _warn(done: Graded) -> None:
    if not done.correct:
        say(f"farm: {done.injection.fault} of {done.injection.scope} on {done.injection.network}: {done.message}")


def _catalogue() -> list[str]:
    from farm.selftest.injections import STORE_FAULTS
    from workers.faults import CATALOGUE

    every = [*CATALOGUE.values(), *STORE_FAULTS.values()]
    wide = max(len(fault.name) for fault in every)
    return [
        f"{fault.name:{wide}}  {fault.outcome}, {fault.cause}: {fault.does}"
        + (f" (parameters: {', '.join(fault.parameters)})" if fault.parameters else "")
        for fault in every
    ]


def _lines(marks: Marks) -> list[str]:
    """The confusion matrix: a line for each fault, scope and what became of it, and how often."""
    from collections import Counter

    found = Counter(
        (
            g.injection.fault,
            str(g.injection.scope),
            f"{g.injection.outcome}, {g.injection.cause}",
            f"{g.outcome}, {g.cause}",
        )
        for g in marks.graded
    )
    rows = [("injected", "of", "must be", "was", "times", "")]
    rows += [(*key, str(times), "" if key[2] == key[3] else "WRONG") for key, times in sorted(found.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    floor = "the floor holds" if marks.floor_holds else "THE FLOOR IS BROKEN"
    return [
        *lines,
        "",
        f"{marks.correct} of {len(marks.graded)} right; infrastructure or harness called product: "
        f"{marks.infra_as_product}; product called pass: {marks.product_as_pass}; {floor}",
    ]
