"""``farm checkpoints``: finding, looking at, verifying and exporting; what changes the store is in ``checkpoints_change``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING

import click

from farm.answers.checkpoints import checkpoint_document
from farm.answers.schemas import CHECKPOINT_SCHEMA, CHECKPOINTS_SCHEMA, CHECKPOINTS_VERIFY_SCHEMA
from farm.cli import checkpoints_change
from farm.cli.checkpoints_change import open_store, with_root
from farm.cli.context import emit_json, say
from farm.words import number_of, size_words

if TYPE_CHECKING:
    from mcore.checkpoints import Checkpoint

#: Metrics of a checkpoint that one line of a list has.
_SHOWN = 3


@click.group()
def checkpoints() -> None:
    """Trained weights: found by what they are, loaded in part, imported from elsewhere.

    The store is the folder in FARM_CHECKPOINTS; its index is in there too, unless FARM_CHECKPOINTS_DATABASE_URL names a
    database.

    \b
    farm checkpoints search "task = segmentation and metrics.miou > 0.7 and channels has RGB"
    farm checkpoints import ~/downloads --dry-run
    """  # noqa: D301


@checkpoints.command("list")
@click.option("--network", metavar="NAME", help="Of this network or backbone.")
@click.option("--task", metavar="TASK", help="Of this task.")
@click.option("--kind", type=click.Choice(["network", "backbone"]), help="Of this kind.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="With this tag (repeatable).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The newest N.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoints/1 document.")
@with_root
def list_command(
    network: str | None,
    task: str | None,
    kind: str | None,
    tags: tuple[str, ...],
    limit: int | None,
    as_json: bool,
    root: Path | None,
) -> None:
    """The checkpoints that there are, the newest first.

    \b
    farm checkpoints list --task segmentation --tag release
    """  # noqa: D301
    from mcore.checkpoints import where
    from mcore.checkpoints.filters import Query

    wanted = [where.network == network] if network else []
    wanted += [where.task == task] if task else []
    wanted += [where.kind == kind] if kind else []
    wanted += [where.tags.has(tag) for tag in tags]
    with open_store(root) as store:
        found = store.search(Query(reduce(and_, wanted) if wanted else None, limit=limit))
    _print(found, as_json)


@checkpoints.command(short_help="The checkpoints that a filter finds.")
@click.argument("filter_text", metavar="FILTER")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoints/1 document.")
@with_root
def search(filter_text: str, as_json: bool, root: Path | None) -> None:
    """The checkpoints that a filter finds; docs/checkpoints.md has the language. Exit code 2: it does not parse.

    \b
    farm checkpoints search "task = segmentation and metrics.miou > 0.7 and channels has RGB"
    farm checkpoints search "parts has backbone and not tags has old order by metrics.miou desc limit 5"
    """  # noqa: D301
    from mcore.checkpoints import FilterError

    try:
        with open_store(root) as store:
            found = store.search(filter_text)
    except FilterError as error:
        if "\n" not in filter_text:
            say(error.pointed())
        raise
    _print(found, as_json)


@checkpoints.command(short_help="All that is known of one checkpoint.")
@click.argument("checkpoint")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoint/1 document: the whole metadata file.")
@with_root
def show(checkpoint: str, as_json: bool, root: Path | None) -> None:
    """All that is known of one checkpoint, named by its id or the beginning of it.

    \b
    farm checkpoints show 20261126T013035342-9bad8d5c
    """  # noqa: D301
    import msgspec

    with open_store(root) as store:
        found = store.get(checkpoint)
        path = store.metadata_file(found)
    if as_json:
        emit_json(CHECKPOINT_SCHEMA, {"file": str(path), "checkpoint": msgspec.to_builtins(found)})
        return
    for line in show_lines(found, path):
        click.echo(line)


@checkpoints.command(short_help="Read every file, and hold it against what was stored.")
@click.argument("ids", nargs=-1, metavar="[CHECKPOINT]...")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoints-verify/1 document.")
@with_root
@click.pass_context
def verify(context: click.Context, ids: tuple[str, ...], as_json: bool, root: Path | None) -> None:
    """Read every file of all checkpoints, or of some, and hold it against what was stored. Exit code 1: one is damaged.

    \b
    farm checkpoints verify
    farm checkpoints verify 20261126T013035342-9bad8d5c
    """  # noqa: D301
    from farm.errors import ExitCode

    with open_store(root) as store:
        found = store.verify([store.get(id).id for id in ids] if ids else None)
    damaged = [one for one in found if one.problems]
    if as_json:
        rows = [{"id": one.id, "problems": list(one.problems)} for one in found]
        emit_json(CHECKPOINTS_VERIFY_SCHEMA, {"checked": len(found), "damaged": len(damaged), "checkpoints": rows})
    else:
        for one in damaged:
            click.echo(f"{one.id}:")
            for problem in one.problems:
                click.echo(f"  {problem}")
        click.echo(f"{number_of(len(found), 'checkpoint')} verified, {len(damaged)} damaged")
    context.exit(ExitCode.BAD_RESULT if damaged else ExitCode.GOOD)


def show_lines(checkpoint: Checkpoint, path: Path) -> Iterable[str]:
    """What is known of a checkpoint, a line each, as JSON where it is not a plain value."""
    import json

    import msgspec

    task = f" for {checkpoint.task}" if checkpoint.task else ""
    yield f"{checkpoint.id}: {checkpoint.kind} {checkpoint.network}{task}, {checkpoint.created:%Y-%m-%d %H:%M} UTC"
    resumable = "; training can go on from it" if checkpoint.state is not None else ""
    yield f"{len(checkpoint.tensors)} tensors, {size_words(checkpoint.size_bytes)}: {', '.join(checkpoint.parts)}{resumable}"
    said = msgspec.to_builtins(checkpoint.metadata)
    for name, value in said.items():
        if value not in (None, "", [], (), {}):
            yield f"{name}: {value if isinstance(value, str) else json.dumps(value)}"
    yield f"file: {path}"


def _print(found: list[Checkpoint], as_json: bool) -> None:
    if as_json:
        emit_json(CHECKPOINTS_SCHEMA, {"checkpoints": [checkpoint_document(one) for one in found]})
        return
    from farm.cli.render import console, plain_table

    table = plain_table("id", "kind", "network", "task", "parts", "metrics", "size", "epoch", "tags")
    for one in found:
        metrics = [f"{name} {value:.4g}" for name, value in one.metadata.metrics.items()]
        more = [f"+{len(metrics) - _SHOWN}"] if len(metrics) > _SHOWN else []
        epoch = "" if one.metadata.epoch is None else str(one.metadata.epoch)
        table.add_row(
            one.id,
            one.kind,
            one.network,
            one.task,
            " ".join(one.parts),
            ", ".join([*metrics[:_SHOWN], *more]),
            size_words(one.size_bytes),
            epoch,
            " ".join(one.metadata.tags),
        )
    if found:
        console().print(table)
    say(f"farm: {number_of(len(found), 'checkpoint')}")


for _command in (
    checkpoints_change.import_command,
    checkpoints_change.export,
    checkpoints_change.gc,
    checkpoints_change.reindex,
):
    checkpoints.add_command(_command)
