"""``farm why``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import WHY_SCHEMA
from farm.cli.context import emit_json
from farm.cli.records import Records
from farm.running.context import Context

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from farm.planning.plan import Plan
    from farm.planning.why import Why
    from farm.source.why import Changed, Link

#: Changes that the text lists after the nearest one; the document has all of them.
SHOWN = 12
SHOWN_WILDCARDS = 3


@click.command()
@click.argument("architecture", metavar="NAME")
@click.option("--changed-since", metavar="REV", help="Compare with this revision (default: the last one submitted).")
@click.option("--commit", metavar="REV", help="Take this commit, not the files as they are on disk.")
@click.option(
    "--reaches", metavar="DEFINITION|FILE", help="Show how it reaches this: whether an edit there selects it."
)
@click.option("--json", "as_json", is_flag=True, help="Print the farm-why/1 document.")
def why(architecture: str, changed_since: str | None, commit: str | None, reaches: str | None, as_json: bool) -> None:
    """Why one architecture is, or would be, selected, or why not: chains of definitions, each with file and line.

    NAME may have its kind, where two levels have the name: network:resnet50. Without --changed-since it is compared with the
    last commit that was submitted, or with the parent: of a commit that --commit names, or where nothing was submitted.

    \b
    farm why resnet50 --changed-since HEAD~1
    farm why backbone:ResNet50 --reaches Bottleneck.forward
    """  # noqa: D301
    from farm.cli.plan import recorded_doubts
    from farm.planning.plan import make_plan, read_state
    from farm.planning.why import base_of, explain, reached_by

    context = Context.here()
    records = Records(context, optional=True)
    base = changed_since
    if base is None:
        base = base_of(context.repository, commit, _submitted(records) if commit is None else None)
    doubts = recorded_doubts(records)
    plan = make_plan(context.reader, context.inventory, changed_since=base, commit=commit, doubts=doubts)
    found = explain(context.reader, plan, architecture)
    chain = None
    if reaches is not None:
        _, tree = read_state(context.repository, commit)
        chain = reached_by(found, reaches, tree, {e.architecture: e.closure for e in plan.entries})
    if as_json:
        emit_json(WHY_SCHEMA, why_document(plan, found, reaches, chain))
    elif reaches is not None:
        for line in _reaches_lines(found, reaches, chain or ()):
            click.echo(line)
    else:
        for line in _lines(plan, found):
            click.echo(line)


def _submitted(records: Records) -> str | None:
    """The last commit that was submitted."""

    def read(session: Session) -> str | None:
        from farm.planning.recorded import last_submitted

        return last_submitted(session)

    return records.look_up(read, None, "compared with the parent")


def change_document(change: Changed) -> dict[str, Any]:
    """One change of a closure."""
    return {
        "definition": change.definition,
        "file": change.chain[-1].file,
        "line": change.chain[-1].line,
        "what": change.what,
        "parts": list(change.parts),
        "means_now": list(change.details),
        "chain": [_link(link) for link in change.chain],
    }


def why_document(plan: Plan, found: Why, reaches: str | None, chain: tuple[Link, ...] | None) -> dict[str, Any]:
    """``farm-why/1``."""
    selection, closure = found.selection, found.closure
    a = selection.architecture
    document: dict[str, Any] = {
        "architecture": {
            "name": a.name, "kind": a.kind, "definition": a.definition, "file": a.file, "line": a.line
        },
        "commit": plan.state.key,
        "base": plan.base,
        "selected": selection.selected,
        "reason": selection.reason,
        "chain": [link._asdict() for link in selection.chain],
        "changes": [change_document(change) for change in found.changes],
        "closure": closure
        and {
            "hash": closure.hash,
            "definitions": len(closure.definitions),
            "files": len({d.file for d in closure.definitions.values()}),
            "wildcards": [
                {"file": w.file, "line": w.line, "what": w.what, "scope": w.scope} for w in closure.wildcards
            ],
        },
    }  # fmt: skip
    if reaches is not None:
        document["reaches"] = {"asked": reaches, "reached": bool(chain), "chain": [_link(n) for n in chain or ()]}
    return document


def _link(link: Link) -> dict[str, Any]:
    return {"definition": link.definition, "file": link.file, "line": link.line, "wildcard": link.wildcard or None}


def _lines(plan: Plan, found: Why) -> list[str]:
    a, selection = found.selection.architecture, found.selection
    decision = "is selected" if selection.selected else "is not selected"
    lines = [f"{a.kind} {a.name} {decision} at {plan.state.key}: {selection.reason}"]
    if found.changes:
        first, *others = found.changes
        lines += [f"  {line}" for line in change_lines(first)]
        if others:
            lines.append(f"also, nearest first ({len(others)}):" if len(others) <= SHOWN else "also, nearest first:")
        for change in others[:SHOWN]:
            lines += [f"  {line}" for line in change_lines(change)]
        if len(others) > SHOWN:
            lines.append(f"  and {len(others) - SHOWN} more: --json lists them all")
    elif found.closure is not None:
        closure = found.closure
        files = len({d.file for d in closure.definitions.values()})
        lines.append(
            f"  closure {closure.hash[:16]}: {len(closure.definitions)} definitions in {files} files, "
            f"from {a.definition} ({a.file}:{a.line})"
        )
        lines += [f"  wildcard: {wildcard}" for wildcard in closure.wildcards[:SHOWN_WILDCARDS]]
        if (more := len(closure.wildcards) - SHOWN_WILDCARDS) > 0:
            lines.append(f"  and {more} more wildcards: --json lists them all")
    return lines


def change_lines(change: Changed) -> list[str]:
    """One change of a closure in words: the chain that leads to it, and what it is."""
    from farm.source.converter import CONVERTER

    told = change.details or (change.parts if change.definition == CONVERTER else ())
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    details = f": {', '.join(told[:3])}{more}" if told else ""
    return _chain_lines(change.chain, f"  {change.what}{details}")


def _chain_lines(chain: tuple[Link, ...], end: str = "") -> list[str]:
    lines = [" → ".join(map(str, chain)) + end]
    return lines + [f"  by a wildcard to {link.label}: {link.wildcard}" for link in chain if link.wildcard]


def _reaches_lines(found: Why, asked: str, chain: tuple[Link, ...]) -> list[str]:
    a = found.selection.architecture
    if not chain:
        return [f"{a.kind} {a.name} does not reach {asked}: an edit there does not select it"]
    return [f"{a.kind} {a.name} reaches {asked}: an edit there selects it", *(f"  {n}" for n in _chain_lines(chain))]
