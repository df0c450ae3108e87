"""Documents of regressions, and of the issues that are known."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from farm.documents.base import Document, Part, Time, about
from farm.documents.cells import Architecture, Commit, CommitSubject, Device, Kind


class KnownIssue(Part):
    """Somebody answers for failures of one signature until a day."""

    signature: Annotated[str, about("Of the failures that it is about.")]
    text: Annotated[str, about("What the signature stands for.")]
    owner: Annotated[str, about("Who answers for it.")]
    until: Annotated[date, about("The last day on which it excuses anything.")]
    note: Annotated[str, about("In the owner's words, or empty.")]
    created: Annotated[Time, about("When it was entered.")]
    created_by: Annotated[str, about("Who entered it.")]
    open: Annotated[int, about("Open regressions that have the signature.")]
    seen: Annotated[int, about("Regressions that ever had it.")]
    standing: Annotated[str, about("Whether it excuses something, was never seen, passes again, or has expired.")]


class End(Part):
    """One end of the range in which something broke."""

    commit: Commit
    bundle: Annotated[str | None, about("That was judged there.")]
    stack: Annotated[str | None, about("That it was judged on.")]
    attempt: Annotated[str | None, about("That the verdict quotes.")]


class Regression(Part):
    """An architecture worked on a device, and does not any more."""

    regression: Annotated[int, about("Its number.")]
    architecture: Architecture
    kind: Kind
    device: Device
    policy: Annotated[str, about("That it was judged by.")]
    present: Annotated[bool, about("Whether the inventory still has the device in this configuration and policy.")]
    state: Annotated[str, about("open, fixed, left or withdrawn.")]
    opened: Annotated[Time, about("When it was.")]
    closed: Annotated[Time | None, about("When it was; null while it is open.")]
    open_on: Annotated[list[str], about("Branches that it is open on.")]
    last_good: End
    first_bad: End
    commits: Annotated[int, about("In the range.")]
    fixed: Annotated[str | None, about("The commit that it passes at again.")]
    stack_changes: Annotated[list[str], about("How the stacks of both ends differ.")]
    definition: Annotated[
        str | None, about("The first that changed; null until somebody with the repository has looked.")
    ]
    place: Annotated[str, about("Its file and line, or empty.")]
    outcome: Annotated[str, about("Of the failure.")]
    cause: Annotated[str, about("Where the reason lies.")]
    reason: Annotated[str, about("Why the cause is thought to be that.")]
    asked: Annotated[Time | None, about("When devices were asked, to tell the cause.")]
    signature: Annotated[str, about("That like failures share.")]
    signature_text: Annotated[str, about("What it is made from.")]
    sharing: Annotated[int, about("Open regressions that share it, this one included.")]
    known_issue: Annotated[KnownIssue | None, about("That is about it.")]
    excused: Annotated[bool, about("Whether that still excuses it.")]


class Signature(Part):
    """Failures that are alike."""

    signature: Annotated[str, about("Its hash.")]
    text: Annotated[str, about("What it is made from.")]
    regressions: Annotated[list[int], about("Their numbers.")]


class Regressions(Document, tag="farm-regressions/1"):
    """What worked and does not any more, and what of it is alike."""

    commands = ("farm regressions",)
    open: Annotated[int, about("How many of those listed are.")]
    excused: Annotated[int, about("Of these, by a known issue.")]
    regressions: Annotated[list[Regression], about("Those that were asked for.")]
    signatures: Annotated[list[Signature], about("The most frequent first.")]


class RangeCommit(Part):
    """A commit in which it may have broken."""

    commit: Commit
    subject: CommitSubject


class Evidence(Part):
    """What the old or new bundle did on the old or new stack, or another unit."""

    bundle: Annotated[str, about("old or new.")]
    stack: Annotated[str, about("old or new.")]
    unit: Annotated[str | None, about("That it ran on, where one did.")]
    result: Annotated[str, about("What it does there, as far as it is known.")]
    attempt: Annotated[str | None, about("That says so.")]


class OneRegression(Regression, tag_field="schema", tag="farm-regression/1"):
    """One regression with all of its evidence."""

    commands = ("farm regressions show",)
    range: Annotated[list[RangeCommit], about("In which it broke, each after its parents.")]
    axis: Annotated[str, about("What the evidence compares besides the bundles.")]
    evidence: Annotated[list[Evidence], about("By bundle, and by stack or unit.")]


class KnownIssues(Document, tag="farm-known-issues/1"):
    """Issues that are known, each with who answers for it and until when."""

    commands = ("farm regressions known list",)
    issues: Annotated[list[KnownIssue], about("Those that want attention first, else the first to expire.")]
