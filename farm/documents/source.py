"""Documents of what is read off the repository: plan, why, doctor, audit, convert, selftest."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from farm.documents.base import Document, Part, Time, about
from farm.documents.cells import Architecture, Bundle, Commit, Kind
from workers.outcome import Cause, Outcome

Definition = Annotated[str, about("Qualified name of a definition.")]
File = Annotated[str, about("Path in the repository.")]
Line = Annotated[int, about("From 1.")]


class Link(Part):
    """One definition of a chain."""

    definition: Definition
    file: File
    line: Line
    wildcard: Annotated[str | None, about("The code that may reach it, where nothing names it.")]


class PlanLink(Part):
    """One definition of a chain."""

    definition: Definition
    file: File
    line: Line
    wildcard: Annotated[str, about("The code that may reach it, where nothing names it; else empty.")] = ""


class Estimate(Part):
    """What one architecture costs on one device, or to convert."""

    seconds: Annotated[float | None, about("Null: not known.")]
    guessed: Annotated[bool, about("By others of its kind.")]


class Planned(Part):
    """One architecture of a plan, selected or not."""

    name: Architecture
    kind: Kind
    selected: Annotated[bool, about("Whether it would be tested.")]
    reason: Annotated[str, about("Why, or why not.")]
    chain: Annotated[list[PlanLink], about("From what changed to the architecture.")]
    priority: Annotated[int, about("Place in the order of all, from 0.")]
    cost: Annotated[dict[str, Estimate] | None, about("By device type, and `convert`; null: not known.")]
    file: File
    line: Line


class Removed(Part):
    """An architecture that was there before."""

    name: Architecture
    kind: Kind


class Problem(Part):
    """A public name that is no architecture."""

    name: Annotated[str, about("The name.")]
    where: Annotated[str, about("File and line.")]
    what: Annotated[str, about("What is wrong.")]


class Total(Part):
    """The cost of all that is selected on one device, or to convert."""

    work: Annotated[int, about("Number of attempts or conversions.")]
    seconds: Annotated[float, about("As far as it is known.")]
    guessed_s: Annotated[float, about("How much of it is a guess.")]
    unknown: Annotated[int, about("Of which nothing is known.")]


class PlanCost(Part):
    """The cost of a plan."""

    wall_s: Annotated[float | None, about("In all, with one converter and every unit at work.")]
    totals: Annotated[dict[str, Total], about("By device type, and `convert`.")]


class Plan(Document, tag="farm-plan/1"):
    """What a submission would select, why, and at what cost."""

    commands = ("farm plan",)
    commit: Commit
    base: Annotated[str | None, about("What it is compared with.")]
    architectures: Annotated[list[Planned], about("All of them.")]
    removed: list[Removed]
    problems: list[Problem]
    cost: Annotated[PlanCost | None, about("Null where nothing is recorded yet.")]


class Subject(Part):
    """The architecture that was asked about."""

    name: Architecture
    kind: Kind
    definition: Definition
    file: File
    line: Line


class Changed(Part):
    """A definition that changed."""

    definition: Definition
    file: File
    line: Line
    what: Annotated[str, about("changed, new, gone, ...")]
    parts: Annotated[list[str], about("What of it, where that is known.")]
    means_now: Annotated[list[str], about("Names in it that mean something else now.")]
    chain: Annotated[list[Link], about("From the architecture to it.")]


class Wildcard(Part):
    """Code that may reach more than it names."""

    file: File
    line: Line
    what: Annotated[str, about("The code.")]
    scope: Annotated[str, about("All that counts by it.")]


class Closure(Part):
    """All code that the architecture reaches."""

    hash: Annotated[str, about("Of all of it.")]
    definitions: Annotated[int, about("How many.")]
    files: Annotated[int, about("In how many files.")]
    wildcards: list[Wildcard]


class Reaches(Part):
    """Whether it reaches what --reaches asked for."""

    asked: Annotated[str, about("A definition or file.")]
    reached: bool
    chain: list[Link]


class Why(Document, tag="farm-why/1"):
    """Why one architecture is, or is not, selected."""

    commands = ("farm why",)
    architecture: Subject
    commit: Commit
    base: Annotated[str | None, about("What it is compared with.")]
    selected: bool
    reason: Annotated[str, about("Why, or why not.")]
    chain: list[PlanLink]
    changes: Annotated[list[Changed], about("The nearest first.")]
    closure: Annotated[Closure | None, about("Null where it is gone.")]
    reaches: Annotated[Reaches | None, about("Only with --reaches.")] = None


class Finding(Part):
    """One thing that a check has found."""

    level: Annotated[Literal["problem", "note"], about("A problem is to be mended.")]
    where: Annotated[str, about("File and line, or what else has it.")]
    what: Annotated[str, about("One clause.")]
    details: Annotated[dict[str, Any], about("More of it; the fields differ by check.")]


class Check(Part):
    """One check."""

    name: str
    findings: list[Finding]


class Doctor(Document, tag="farm-doctor/1"):
    """What is wrong with the installation and the repository."""

    commands = ("farm doctor",)
    commit: Annotated[str | None, about("Key of the commit; null where there is no repository to read.")]
    architectures: Annotated[int | None, about("How many there are; null likewise.")]
    checks: list[Check]


class AuditedRow(Part):
    """One architecture of an audit."""

    name: Architecture
    kind: Kind
    selected: Annotated[bool, about("By the selection.")]
    reason: Annotated[str, about("Why, or why not.")]
    changed: Annotated[bool | None, about("Whether the bundle changed; null: not judged.")]
    missed: Annotated[bool, about("It changed and was not selected.")]
    before: Annotated[str, about("Bundle at the base, or the outcome of a refusal.")]
    after: Annotated[str, about("Bundle at the commit, likewise.")]
    note: Annotated[str, about("Why it was not judged, or empty.")]


class Incident(Part):
    """A selector miss."""

    incident: Annotated[int, about("Its number.")]
    name: Annotated[str, about("Of the architecture.")]
    kind: Kind
    commit: Commit
    base: Commit
    closure: Annotated[str, about("Hash that did not change.")]
    before: Annotated[str, about("Bundle at the base.")]
    after: Annotated[str, about("Bundle at the commit.")]
    difference: Annotated[str, about("How they differ.")]
    edge: Annotated[str, about("How what made the difference is reached.")]
    files: Annotated[list[str], about("That make the difference.")]
    opened: Time
    fixed: Annotated[Time | None, about("Null while it is open, and selects everything.")]
    reason: Annotated[str, about("Why it was closed by hand, or empty.")]


class Audit(Document, tag="farm-audit/1"):
    """Everything converted, and held against what was selected."""

    commands = ("farm audit",)
    audit: Annotated[int | None, about("Its number; null where it was not recorded.")]
    commit: Commit
    base: Commit
    of: Annotated[int, about("Architectures that there are.")]
    judged: Annotated[int, about("Architectures that were judged.")]
    changed: Annotated[int, about("Of these, bundles that changed.")]
    selected: Annotated[int, about("Of these, architectures that were selected.")]
    hits: Annotated[int, about("Changed and selected.")]
    recall: Annotated[float | None, about("Hits of what changed.")]
    precision: Annotated[float | None, about("Hits of what was selected.")]
    architectures: list[AuditedRow]
    misses: Annotated[list[Incident], about("Found by this audit.")]
    nondeterministic: Annotated[list[dict[str, str]], about("`architecture` and `difference`.")]
    fixed: Annotated[list[Incident], about("That this audit found mended.")]
    open: Annotated[list[Incident], about("That are open.")]
    seconds: float


class PastAudit(Part):
    """An audit that was made."""

    audit: Annotated[int, about("Its number.")]
    commit: Commit
    base: Commit
    at: Time
    of: Annotated[int, about("Architectures that there were.")]
    seed: Annotated[int | None, about("Of the sample; null: all were looked at.")]
    judged: Annotated[int, about("Architectures that were judged.")]
    changed: Annotated[int, about("Of these, bundles that changed.")]
    selected: Annotated[int, about("Of these, architectures that were selected.")]
    hits: Annotated[int, about("Changed and selected.")]
    recall: Annotated[float | None, about("Hits of what changed.")]
    precision: Annotated[float | None, about("Hits of what was selected.")]
    seconds: float


class AuditHistory(Document, tag="farm-audit-history/1"):
    """Audits that were made, and what they found."""

    commands = ("farm audit --history",)
    audits: list[PastAudit]
    incidents: list[Incident]


class Convert(Document, tag="farm-convert/1"):
    """An architecture that was converted into a folder."""

    commands = ("farm convert",)
    architecture: Annotated[str, about("Its key.")]
    folder: Annotated[str, about("Of the bundle.")]
    bundle: Bundle
    graphs: Annotated[int, about("One, or one for each branch on sizes.")]
    seconds: float
    report: Annotated[dict[str, Any], about("What the conversion did; docs/conversion.md.")]


class Injected(Part):
    """A fault that was injected, and what the farm made of it."""

    injected: Annotated[str, about("The fault.")]
    scope: Annotated[str, about("Whose it is.")]
    network: Annotated[str, about("It was injected into.")]
    expected_outcome: Annotated[Outcome, about("What it must be.")]
    expected_cause: Annotated[Cause, about("Where it must be put down to.")]
    outcome: Annotated[Outcome, about("What it was.")]
    cause: Annotated[Cause, about("What it was put down to.")]
    correct: bool
    message: Annotated[str, about("What was said.")]
    seconds: float


class SelfTest(Document, tag="farm-selftest/1"):
    """Every fault injected, and what the farm makes of each."""

    commands = ("farm selftest",)
    injected: Annotated[int, about("How many.")]
    correct: Annotated[int, about("How many were called what they are.")]
    infra_as_product: Annotated[int, about("Infrastructure or harness held against the product; must be 0.")]
    product_as_pass: Annotated[int, about("Product faults that passed; must be 0.")]
    matrix: list[Injected]
