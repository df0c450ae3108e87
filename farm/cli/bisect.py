"""``farm bisect``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import BISECT_SCHEMA
from farm.cli.context import emit_json, say
from farm.running.context import Context
from farm.words import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from farm.bisect.answer import Answer, Culprit
    from farm.bisect.known import Fact
    from farm.git import Commit
    from farm.states.cell import Layer
    from farm.submission.record import Submitted

#: Changes that are shown beside the first one.
SHOWN = 3


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--device", required=True, metavar="TYPE", help="The device type that it broke on.")
@click.option("--good", required=True, metavar="REV", help="A commit at which it works there.")
@click.option("--bad", default="HEAD", show_default=True, metavar="REV", help="A commit at which it does not.")
@click.option("--kind", metavar="KIND", help="Where two levels have the name: network, backbone, ...")
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    help="Give up waiting after this long (exit code 5); called again, it goes on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the farm-bisect/1 document.")
@click.pass_context
def bisect(
    click_context: click.Context,
    name: str,
    device: str,
    good: str,
    bad: str,
    kind: str | None,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Find the commit that broke an architecture on a device, and what in it did.

    All versions of its code between the two commits are converted; commits with the same bundle are one, and verdicts that are
    known count, so that few runs do. Exit code 1 where no single commit could be told.

    \b
    farm bisect resnet50 --device numpy --good v1.2 --bad main
    farm bisect resnet50 --device numpy --good HEAD~64 --json
    """  # noqa: D301
    from farm.bisect.answer import answer_of
    from farm.bisect.asking import Asker
    from farm.bisect.bisection import Bisection
    from farm.bisect.reading import read_range
    from farm.clock import utc_now
    from farm.errors import ExitCode
    from mcore.toolchain import toolchain

    context = Context.here()
    context.check_profiles()
    context.inventory.device(device)
    range_ = read_range(context.reader, name, kind, good, bad, say)
    _say_doubts(context, range_.architecture.key)
    _ask_stacks(context)
    asker = Asker(context.database, context.inventory, context.reader, range_, device, toolchain())
    bisection = Bisection(asker, _carry(context, timeout), say, utc_now())
    answer = answer_of(bisection, bisection.run())
    if as_json:
        emit_json(BISECT_SCHEMA, document(answer))
    else:
        for line in lines(answer):
            click.echo(line)
    click_context.exit(ExitCode.GOOD if answer.culprit else ExitCode.BAD_RESULT)


def _say_doubts(context: Context, key: str) -> None:
    from farm.cli.plan import recorded_doubts
    from farm.cli.records import Records

    doubts = recorded_doubts(Records(context, optional=False))
    if why := doubts.everything or doubts.architectures.get(key, ""):
        say(
            f"farm: the selection is in doubt ({why}): a commit with the same code may have another bundle all the same"
        )


def _ask_stacks(context: Context) -> None:
    """Without a broker, as a submission does."""
    from farm.clock import utc_now
    from farm.running.submission import LOCAL_UNIT
    from farm.submission.ask_stacks import ask_stacks

    if context.settings.broker_url is None:
        ask_stacks(context.database, context.inventory, LOCAL_UNIT, utc_now(), say)


def _carry(context: Context, timeout: float | None) -> Callable[[Sequence[Submitted]], None]:
    """Carries submissions through here, or waits for those who do; all of them together within the time."""
    from farm.cli.submit import carry_out
    from farm.errors import WaitTimeoutError
    from farm.submission.record import remaining

    deadline = None if timeout is None else time.monotonic() + timeout

    def carry(submitted: Sequence[Submitted]) -> None:
        for one in submitted:
            with context.database.read() as session:
                if not remaining(session, one):
                    continue
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            try:
                carry_out(context, one, left)
            except WaitTimeoutError as error:
                left_over = str(error).partition(";")[0]
                raise WaitTimeoutError(f"{left_over}; the same command goes on from there") from None

    return carry


def document(answer: Answer) -> dict[str, Any]:
    """``farm-bisect/1``."""
    return {
        "architecture": answer.architecture.name,
        "kind": answer.architecture.kind,
        "device": answer.device,
        "good": list(answer.good),
        "bad": answer.bad,
        "culprit": _culprit_document(answer.culprit) if answer.culprit else None,
        "remaining": [_commit_document(commit) for commit in answer.remaining],
        "known": [{"commit": commit, **_fact_document(fact)} for commit, fact in answer.facts.items()],
        "notes": list(answer.notes),
        "commits": answer.count.commits,
        "closures": answer.count.closures,
        "bundles": answer.count.bundles,
        "conversions": answer.count.conversions,
        "runs": answer.count.runs,
    }


def _commit_document(commit: Commit) -> dict[str, Any]:
    return {"commit": commit.sha, "subject": commit.subject, "date": commit.author_date.isoformat()}


def _fact_document(fact: Fact) -> dict[str, Any]:
    return {
        "result": fact.result,
        "verdict": fact.verdict or None,
        "outcome": fact.outcome or None,
        "cause": fact.cause or None,
        "message": fact.message,
        "attempt": fact.attempt,
    }


def _culprit_document(culprit: Culprit) -> dict[str, Any]:
    from farm.answers.reading import layer_document
    from farm.cli.why import change_document

    return {
        **_commit_document(culprit.commit),
        **_fact_document(culprit.fact),
        "parent": culprit.parent,
        "changes": [change_document(change) for change in culprit.changes],
        "first_divergent_layer": layer_document(culprit.layer) if culprit.layer else None,
    }


def lines(answer: Answer) -> list[str]:
    """The answer in words."""
    a, count = answer.architecture, answer.count
    said = [f"{a.kind} {a.name} on {answer.device}, {answer.good[0][:10]} to {answer.bad[:10]}"]
    if answer.culprit:
        said += _culprit_lines(answer.culprit)
    else:
        said += ["it is one of these commits, which cannot be told apart:"]
        for commit in answer.remaining:
            fact = answer.facts[commit.sha]
            said.append(f"  {_named(commit)}: {'skipped, ' if fact.result == 'skip' else ''}{fact}")
    said += [f"note: {note}" for note in answer.notes]
    said.append(
        f"{number_of(count.commits, 'commit')}, {number_of(count.closures, 'version')} of the code, "
        f"{number_of(count.bundles, 'bundle')}; "
        f"{count.conversions} converted and {count.runs} run for this"
    )
    return said


def _culprit_lines(culprit: Culprit) -> list[str]:
    from farm.cli.why import change_lines

    cause = f", cause: {culprit.fact.cause}" if culprit.fact.cause else ""
    said = [f"broken by {_named(culprit.commit)}", f"  {culprit.fact}{cause}"]
    if culprit.layer:
        said.append(f"  {_layer_words(culprit.layer)}")
    if culprit.changes:
        first, *others = culprit.changes
        said += [f"  {line}" for line in change_lines(first)]
        said += [f"  {line}" for change in others[:SHOWN] for line in change_lines(change)]
        if len(others) > SHOWN:
            said.append(f"  and {len(others) - SHOWN} more changes: --json lists them all")
    if culprit.fact.attempt:
        said.append(f"  `farm repro {culprit.fact.attempt[:12]}` makes a capsule that replays it elsewhere")
    return said


def _layer_words(layer: Layer) -> str:
    where = {True: "introduced here", False: "inherited", None: "origin unknown"}[layer.introduced_here]
    what = f"{layer.source}, {layer.op}" if layer.source else layer.op
    return f"first divergent layer: {layer.module or '(root)'} ({what}), error {layer.error:.2g}, {where}"


def _named(commit: Commit) -> str:
    return f"{commit.sha[:10]} {commit.author_date:%Y-%m-%d} {commit.subject}"
