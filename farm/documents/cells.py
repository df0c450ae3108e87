"""A cell of the support table, as the documents that have cells have it, and fields that many documents have."""

from __future__ import annotations

from typing import Annotated, Literal

from farm.documents.base import Part, Time, about
from farm.states.verdict import Provenance, Verdict
from workers.outcome import Cause, Outcome

Commit = Annotated[str, about("Key of a commit: its full id, with +dirty.<hash> where there were uncommitted changes.")]
CommitSubject = Annotated[str, about("Of the commit.")]
CommitDate = Annotated[Time, about("Of the commit.")]
Architecture = Annotated[str, about("Public name of the architecture.")]
Kind = Annotated[
    Literal["network", "backbone", "neck", "head", "attention", "block"], about("Level of the architecture.")
]
Bundle = Annotated[str, about("Identity of the bundle.")]
Device = Annotated[str, about("Device type.")]


class Change(Part):
    """The last change of an architecture's code."""

    commit: Commit
    date: CommitDate


class Resolution(Part):
    """One sample of a cell; of several outputs the worst figures."""

    sample: Annotated[str, about("Its name: height and width.")]
    outcome: Annotated[Outcome, about("What happened to it.")]
    max_abs_error: Annotated[float | None, about("Largest absolute error of an output.")]
    sqnr_db: Annotated[float | None, about("Least signal-to-noise ratio, in decibels.")]
    margin: Annotated[float | None, about("How far from the policy's limit: 1 equal, 0 at the limit, -1 far beyond.")]
    latency_ms: Annotated[float | None, about("Time of one run, in milliseconds.")]
    message: Annotated[str, about("What was wrong, or empty.")]


class DivergentLayer(Part):
    """The first layer whose value leaves its golden."""

    module: Annotated[str, about("Path of the module.")]
    source: Annotated[str, about("Class of the module, or empty.")]
    op: Annotated[str, about("Op of the Platform.")]
    value: Annotated[str, about("Name of the value in the graph.")]
    error: Annotated[float, about("Error, relative to the golden's peak.")]
    introduced_here: Annotated[bool | None, about("Whether it errs on golden inputs too; null: not known.")]
    local_error: Annotated[float | None, about("Its error on golden inputs, run alone.")]
    inherited_error: Annotated[float | None, about("Error of the inputs that it had.")]
    signature: Annotated[str, about("Op, dtypes and shapes.")]


class Blocking(Part):
    """A trait of a graph that its device has not run well so far."""

    trait: Annotated[str, about("An op, an attribute, a size.")]
    works: Annotated[float, about("Probability that it works here.")]


class Prediction(Part):
    """What is expected of an architecture that was never run on the device."""

    chance: Annotated[float, about("Probability that it passes.")]
    blocking: Annotated[list[Blocking], about("What is likely in the way, likeliest first.")]
    new: Annotated[list[str], about("Traits that the device has not met.")]
    evidence: Annotated[int, about("Graphs that ran here and that it rests on.")]


class LatencyFrom(Part):
    """The attempt that measured latencies that the quoted one did not."""

    attempt: Annotated[str, about("Id of the attempt.")]
    observed_at: Commit
    observed_date: Annotated[Time | None, about("When it ended.")]


class Condition(Part):
    """Under which condition a PARTIAL architecture fails, and on what that stands."""

    text: Annotated[str, about("In words: fails unless W % 8 == 0.")]
    fits: Annotated[bool, about("Whether one was found.")]
    passes: Annotated[int, about("Sizes that pass.")]
    fails: Annotated[int, about("Sizes that fail.")]
    border: Annotated[str, about("Between which sizes it turns, or empty.")]
    nearest_pass: Annotated[str, about("The size on the good side of the border, or empty.")]
    nearest_fail: Annotated[str, about("The size on the bad side of it, or empty.")]
    others: Annotated[list[str], about("Other conditions that what was tried fits too.")]
    why: Annotated[str, about("There is none, or empty.")]


class Cell(Part):
    """What is known of one architecture on one device type, and how."""

    verdict: Annotated[Verdict, about("What the farm says.")]
    provenance: Annotated[Provenance, about("How it is known.")]
    outcome: Annotated[Outcome | None, about("Of the attempt or conversion that is quoted.")]
    cause: Annotated[Cause | None, about("Where the reason lies, as far as the evidence tells.")]
    message: Annotated[str, about("The reason in words, or empty.")]
    state: Annotated[str, about("What is under way, or ended without having run; empty: nothing.")]
    resolutions: Annotated[list[Resolution], about("One for each sample.")]
    max_abs_error: Annotated[float | None, about("The largest of the resolutions.")]
    sqnr_db: Annotated[float | None, about("The least of the resolutions.")]
    margin: Annotated[float | None, about("The least of the resolutions.")]
    latency_ms: Annotated[float | None, about("The longest of the resolutions.")]
    unsupported: Annotated[list[str], about("Ops that the device lacks.")]
    first_divergent_layer: Annotated[DivergentLayer | None, about("Of a mismatch, where it was found.")]
    attempt: Annotated[str | None, about("Id of the attempt that is quoted.")]
    observed_at: Annotated[str | None, about("Key of the commit that it was made for.")]
    observed_date: Annotated[Time | None, about("When it ended.")]
    unit: Annotated[str | None, about("The unit that ran it.")]
    stack: Annotated[dict[str, str], about("Versions of all that can change a result, as they were then.")]
    stack_changes: Annotated[list[str], about("How the present stack differs: numpy 2.4.0 → 2.4.1.")]
    expires: Annotated[Time | None, about("From when on a failure is due to be proved again.")]
    prediction: Annotated[Prediction | None, about("Of a cell that was never tested.")]
    latency_from: Annotated[LatencyFrom | None, about("Who measured, where the quoted attempt did not.")]
    condition: Annotated[Condition | None, about("Of a PARTIAL verdict, once it was looked for.")]
    probe: Annotated[str, about("How far the search for the condition is, or empty.")]
    last_change: Change
    rejudged: Annotated[str | None, about("The attempt that ran, where the quoted one is that one judged again.")]
