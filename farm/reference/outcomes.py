"""docs/outcomes.md: outcomes, causes, verdicts and provenances. An axis that gets a new member must get its words here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from farm.reference.markdown import note, table
from farm.states.verdict import Provenance, Verdict
from workers.outcome import Cause, Group, Outcome

Axis = TypeVar("Axis", bound=StrEnum)

_HEAD = """\
# Outcomes, causes, verdicts

Five axes, never one string: what happened to one sample or attempt (*outcome*), where the reason lies (*cause*), what is said
of the network on the device type (*verdict*), how that is known (*provenance*), and what somebody has decided to excuse
([known issues](regressions.md#known-issues)).

## Outcomes

The worst first: an attempt has the worst outcome of its samples. Only `good` passes; `harness` and `infra` are the farm's own
matter, and count in no failure rate. [Why a pass can be believed](evidence.md) has the rules.
"""

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.MISMATCH: "an output leaves its golden by more than the [policy](comparison.md) allows",
    Outcome.NONFINITE: "NaN or infinity where the golden is finite",
    Outcome.SHAPE_OR_DTYPE: "an output is missing, surplus, or of another shape or element type",
    Outcome.CRASH: "the device's library ended the process, by a signal or an exit",
    Outcome.DEVICE_TIMEOUT: "the attempt took longer than its limit `time_s`",
    Outcome.OUT_OF_MEMORY: "the network needs more memory than the device or the limit `memory_mib` has",
    Outcome.LOAD_REJECTED: "the device does not take the network, or this size of it, though it has all of its ops",
    Outcome.CONVERT_FAILED: "there is no bundle: the conversion cannot see through the code, or ended",
    Outcome.MODEL_FAILED: "there is no bundle: building or running the network in torch raised",
    Outcome.NONDETERMINISTIC: "the same inputs gave a right and a wrong result, in one attempt",
    Outcome.UNSUPPORTED_OP: "the device lacks an op of the network, which it said before anything ran",
    Outcome.REFERENCE_INVALID: "the golden is not finite, or the host cannot reproduce it: it judges nothing",
    Outcome.VACUOUS: "nothing failed, but what is there does not prove that it works",
    Outcome.HARNESS_ERROR: "an error that nobody foresaw, in the farm's own code or a driver",
    Outcome.INFRA_ERROR: "the unit, its host, the store, the way there: a canary failed, a library is missing, a disk is full",
    Outcome.PRECLUDED: "it was not tried, since something before it ended the attempt or the conversion",
    Outcome.SKIPPED: "somebody has excluded it, with a reason",
    Outcome.PASS_FALLBACK: "the results are right, but operators ran elsewhere than on the device that was asked for",
    Outcome.PASS: "proved by evidence to be right",
}

CAUSES: Mapping[Cause, str] = {
    Cause.MODEL_CODE: "the network's own code",
    Cause.CONVERTER: "the way from torch to the bundle",
    Cause.DEVICE_STACK: "runtime, driver or firmware of the device: every unit with them has it",
    Cause.DEVICE_UNIT: "this one unit: its canary fails too, or another unit of the same stack passes",
    Cause.HARNESS: "the farm",
    Cause.INFRA: "what brings work to the unit and results back",
    Cause.REFERENCE: "the golden",
    Cause.UNKNOWN: "the evidence does not tell",
}

VERDICTS: Mapping[Verdict, str] = {
    Verdict.SUPPORTED: "every sample passes",
    Verdict.PARTIAL: "some samples pass and others fail",
    Verdict.UNSUPPORTED: "the device lacks ops; they are named",
    Verdict.FAILED: "it fails, and failed again when it was run once more",
    Verdict.FLAKY: "the same bundle both passes and fails on one stack",
    Verdict.NO_VERDICT: "every attempt ended for reasons of the farm, or nothing was proved",
    Verdict.MISSING: "it was not tested",
}

PROVENANCES: Mapping[Provenance, str] = {
    Provenance.OBSERVED: "an attempt for this very commit",
    Provenance.INHERITED: "an attempt for an equal bundle of another commit ([inheritance](inheritance.md))",
    Provenance.STALE: "an older verdict; the newest attempt had none, or the stack is another one by now",
    Provenance.PREDICTED: "never tested; what is known of others makes it likely ([prediction](prediction.md))",
    Provenance.NEVER: "never tested, and nothing to go by",
}

_GROUPS = {
    Group.PRODUCT: "a failure of what is tested",
    Group.SUPPORT: "the device cannot, and says so",
    Group.HARNESS: "the farm's own",
    Group.INFRA: "the farm's own; tried three times",
    Group.GOOD: "passes",
    Group.SKIPPED: "not tested, on purpose",
}


def page() -> str:
    """The whole page."""
    outcomes = ((f"`{outcome}`", outcome.group.value, OUTCOMES[outcome]) for outcome in Outcome)
    groups = ((f"`{group}`", _GROUPS[group]) for group in Group)
    parts = [
        note("workers.outcome and farm.states.verdict"),
        _HEAD,
        table(("outcome", "group", "what happened"), outcomes),
        table(("group", "whose matter"), groups),
        *_axis("Causes", "Where the reason of an outcome lies, as far as the evidence tells.", Cause, CAUSES),
        *_axis("Verdicts", "What a cell of the [table](table.md) says.", Verdict, VERDICTS),
        *_axis("Provenances", "How the verdict of a cell is known.", Provenance, PROVENANCES),
    ]
    return "\n".join(parts)


def _axis(title: str, about: str, members: type[Axis], words: Mapping[Axis, str]) -> tuple[str, str]:
    rows = ((f"`{member}`", words[member]) for member in members)
    return f"## {title}\n\n{about}\n", table((title.lower().removesuffix("s"), "meaning"), rows)
