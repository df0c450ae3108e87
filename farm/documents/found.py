"""Documents of what was found out: bisections, gates."""

from __future__ import annotations

from typing import Annotated

from farm.documents.base import Document, Part, about
from farm.documents.cells import Architecture, Cell, Commit, CommitDate, CommitSubject, Device, DivergentLayer, Kind
from farm.documents.source import Changed


class BisectCommit(Part):
    """A commit of the range."""

    commit: Commit
    subject: CommitSubject
    date: CommitDate


class BisectFact(Part):
    """What is known of a commit of the range."""

    commit: Commit
    result: Annotated[str, about("good, bad or skip.")]
    verdict: Annotated[str | None, about("That says so.")]
    outcome: Annotated[str | None, about("Of the attempt or conversion.")]
    cause: Annotated[str | None, about("Where the reason lies.")]
    message: Annotated[str, about("The reason in words, or empty.")]
    attempt: Annotated[str | None, about("That the verdict quotes.")]


class Culprit(BisectFact):
    """The commit that broke it."""

    subject: CommitSubject
    date: CommitDate
    parent: Annotated[str | None, about("The commit before it, which works.")]
    changes: Annotated[list[Changed], about("Definitions that changed with it, the nearest first.")]
    first_divergent_layer: Annotated[DivergentLayer | None, about("Of a mismatch, where it was found.")]


class Bisect(Document, tag="farm-bisect/1"):
    """The commit that broke an architecture on a device."""

    commands = ("farm bisect",)
    architecture: Architecture
    kind: Kind
    device: Device
    good: Annotated[list[str], about("Commits at which it works.")]
    bad: Commit
    culprit: Annotated[Culprit | None, about("Null where no single commit could be told.")]
    remaining: Annotated[list[BisectCommit], about("It is one of these, then.")]
    known: Annotated[list[BisectFact], about("What was known or learnt, by commit.")]
    notes: Annotated[list[str], about("What else is to be known of the answer.")]
    commits: Annotated[int, about("Of the range.")]
    closures: Annotated[int, about("Versions of the code among them.")]
    bundles: Annotated[int, about("Distinct bundles of these.")]
    conversions: Annotated[int, about("Made for this.")]
    runs: Annotated[int, about("Made for this.")]


class Judged(Part):
    """One cell, as a gate judges it."""

    finding: Annotated[
        str, about("regression, undecided, no result, new failure, known issue, fails already, fixed or good.")
    ]
    architecture: Architecture
    kind: Kind
    device: Device
    reason: Annotated[str, about("In words, or empty.")]
    before: Annotated[Cell | None, about("At the base.")]
    after: Cell


class Gated(Part):
    """Whether a commit may pass, and what stands in its way."""

    commit: Commit
    base: Annotated[str | None, about("What it is compared with.")]
    fail_on: Annotated[str, about("What it fails on.")]
    conclusion: Annotated[str, about("passed, failed or cannot tell.")]
    exit_code: Annotated[int, about("That the command ends with.")]
    notes: Annotated[list[str], about("What else is to be known of it.")]
    counts: Annotated[dict[str, int], about("By finding.")]
    judged: Annotated[list[Judged], about("The most urgent first.")]


class Gate(Gated, tag_field="schema", tag="farm-gate/1"):
    """Whether a commit may pass, and what stands in its way."""

    commands = ("farm gate",)
