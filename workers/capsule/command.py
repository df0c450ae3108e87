"""``farm-replay DIR``, ``python -m workers.capsule DIR``, and what ``replay.py`` of a capsule calls.

Exit codes: 0 the same came out, 1 something else did, 2 usage, 3 it cannot be replayed here, 4 there is no capsule.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from workers.capsule.contents import Capsule
from workers.capsule.errors import CapsuleError
from workers.capsule.folder import BUNDLE, read_capsule
from workers.capsule.likeness import likeness
from workers.processes.attempt import run_attempt
from workers.report import AttemptReport, CaseReport
from workers.request import AttemptRequest

#: A replay answers to nobody who could take another one's report for its own.
NONCE = "capsule"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Replay a capsule, say what came out, and exit."""
    parser = argparse.ArgumentParser("farm-replay", description="Replay a capsule that `farm repro` made.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the capsule")
    folder: Path = parser.parse_args(arguments).folder.absolute()
    try:
        capsule = read_capsule(folder)
    except CapsuleError as error:
        print(f"farm-replay: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    report = replayed(capsule, folder)
    like = likeness(capsule.expected, report)
    print(f"attempt {capsule.attempt} of {capsule.architecture} at {capsule.commit[:10]}")
    print(f"on {capsule.device} (driver {capsule.driver}, unit {capsule.unit}), {capsule.observed[:10]}")
    print(f"then: {_said(capsule.expected.outcome, capsule.expected.message)}")
    print(f"now:  {_said(report.outcome, report.message)}")
    for line in _figures(capsule.expected.cases, report.cases):
        print(f"  {line}")
    if like.stack:
        print(f"the stack is another one: {', '.join(like.stack)}")
    print(like.said)
    sys.exit(like.code)


def replayed(capsule: Capsule, folder: Path) -> AttemptReport:
    """What comes of the attempt of the capsule in ``folder`` on this machine."""
    return run_attempt(
        AttemptRequest(
            bundle_folder=str(folder / BUNDLE),
            bundle=capsule.bundle,
            driver=capsule.driver,
            profile=capsule.profile,
            policy=capsule.policy,
            limits=capsule.limits,
            nonce=NONCE,
            measured_stack=capsule.measured_stack,
        )
    )


def _said(outcome: str, message: str) -> str:
    return f"{outcome}: {message}" if message else outcome


def _figures(before: Sequence[CaseReport], after: Sequence[CaseReport]) -> Iterator[str]:
    """A line for each sample: outcome and worst figures, then and now."""
    now = {case.sample: case for case in after}
    for case in before:
        yield f"{case.sample}: {_worst(case)} then, {_worst(now[case.sample]) if case.sample in now else 'nothing'} now"


def _worst(case: CaseReport) -> str:
    ends = [tensor for tensor in case.tensors if not tensor.layer]
    if not ends:
        return str(case.outcome)
    error, sqnr = max(t.max_abs_error for t in ends), min(t.sqnr_db for t in ends)
    return f"{case.outcome} (max abs error {error:.3g}, SQNR {sqnr:.1f} dB)"
