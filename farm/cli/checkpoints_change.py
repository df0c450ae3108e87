"""What changes the store of checkpoints, or takes something out of it: import, export, gc, reindex."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import (
    CHECKPOINTS_EXPORT_SCHEMA,
    CHECKPOINTS_GC_SCHEMA,
    CHECKPOINTS_IMPORT_SCHEMA,
    CHECKPOINTS_REINDEX_SCHEMA,
)
from farm.cli.context import emit_json, say
from farm.running.context import Context
from farm.words import number_of, size_words

if TYPE_CHECKING:
    from mcore.checkpoints import CheckpointStore
    from mcore.checkpoints.importing import Build, Planned

Decorated = Callable[..., Any]


def with_root(command: Decorated) -> Decorated:
    """The option that names another store."""
    return click.option(
        "--root", type=click.Path(path_type=Path), metavar="DIR", help="The store; by default FARM_CHECKPOINTS."
    )(command)


def open_store(root: Path | None, *, make: bool = False) -> CheckpointStore:
    """The store at ``root``, or that is configured; one that is not there is an error, unless it is to be made."""
    from mcore.checkpoints import CheckpointError, CheckpointStore, StoreUnavailableError
    from mcore.checkpoints.store import ROOT_VARIABLE, configured_url

    folder = root or (Path(named) if (named := os.environ.get(ROOT_VARIABLE)) else None)
    if folder is None:
        raise CheckpointError(f"no folder of checkpoints is configured: set {ROOT_VARIABLE}, or say --root")
    if not make and not folder.is_dir():
        raise StoreUnavailableError(f"{folder}: no such folder; is it mounted?")
    return CheckpointStore(folder, configured_url())


@click.command("import", short_help="Store weights that exist elsewhere.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--network", default="", metavar="NAME", help="By default the name of the folder or file.")
@click.option("--task", default="", metavar="TASK", help="By default the folder's, or the network's own.")
@click.option("--kind", type=click.Choice(["network", "backbone"]), help="By default a network.")
@click.option("--layout", default="", metavar="LAYOUT", help="Whose names the weights have; by default what fits.")
@click.option("--source", "origin", default="", metavar="TEXT", help="Where they come from.")
@click.option("--dataset", default="", metavar="TEXT", help="That they were trained on.")
@click.option("--channels", default="", metavar="A,B", help="Meaning of the input channels: RGB or RGB,mask.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A word to find them by (repeatable).")
@click.option("--metric", "metrics", multiple=True, metavar="NAME=VALUE", help="A metric (repeatable).")
@click.option("--dry-run", is_flag=True, help="Store nothing; say what would become of each file.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoints-import/1 document.")
@with_root
@click.pass_context
def import_command(
    context: click.Context,
    source: Path,
    network: str,
    task: str,
    kind: str | None,
    layout: str,
    origin: str,
    dataset: str,
    channels: str,
    tags: tuple[str, ...],
    metrics: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    root: Path | None,
) -> None:
    """Store weights that exist elsewhere: a file, or all below a folder.

    Reads .safetensors, and what torch.save wrote of plain tensors: files of torchvision, timm, mmsegmentation, mmdetection,
    Lightning, and the folder of pretrained weights. Where the network is one of this repository's, the names become its own.
    What was imported before is left alone. Exit code 1: a file could not be imported; the others are.

    \b
    farm checkpoints import ~/downloads --dry-run
    farm checkpoints import resnet50-11ad3fa6.pth --source torchvision --channels RGB --metric accuracy=0.761
    """  # noqa: D301
    from farm.errors import ExitCode
    from mcore.checkpoints.importing import plan_import, store_planned

    facts = {
        "source": origin,
        "dataset": dataset,
        "channels": tuple(c for c in channels.split(",") if c),
        "tags": tags,
        "metrics": _metrics(metrics) or None,
    }
    rows, failed = [], 0
    with open_store(root, make=True) as store:
        plan = plan_import(
            store, source, build=_networks(), kind=kind or "", network=network, task=task, layout=layout, facts=facts
        )
        for planned in plan:
            id, problem = planned.present, planned.problem
            if not problem and not id and not dry_run:
                id = store_planned(store, planned).id
            failed += bool(problem)
            rows.append(_row(planned, id))
            say(f"farm: {_said(planned, id, dry_run)}")
    if as_json:
        emit_json(CHECKPOINTS_IMPORT_SCHEMA, {"dry_run": dry_run, "failed": failed, "files": rows})
    else:
        new = sum(not row["problem"] and not row["present"] for row in rows)
        would = "would be imported" if dry_run else "imported"
        click.echo(f"{number_of(new, 'file')} {would}, {len(rows) - new - failed} there already, {failed} refused")
    context.exit(ExitCode.BAD_RESULT if failed else ExitCode.GOOD)


@click.command(short_help="Write the weights of a checkpoint into one file.")
@click.argument("checkpoint")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="A .safetensors file.")
@click.option("--part", "parts", multiple=True, metavar="PART", help="Only this part (repeatable).")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoints-export/1 document.")
@with_root
def export(
    checkpoint: str, out: Path, parts: tuple[str, ...], overwrite: bool, as_json: bool, root: Path | None
) -> None:
    """Write the weights of a checkpoint, verified, into one complete safetensors file that any program reads.

    \b
    farm checkpoints export 20261126T013035342-9bad8d5c --out unet.safetensors --part backbone
    """  # noqa: D301
    from farm.errors import UsageError
    from mcore.checkpoints.files import pack_bytes, place

    if out.exists() and not overwrite:
        raise UsageError(f"{out} exists already; say --overwrite to replace it")
    with open_store(root) as store:
        found = store.get(checkpoint)
        weights = store.weights(found, parts or None)
    texts = {"checkpoint": found.id, "network": found.network, "task": found.task, "format": "pt"}
    data = pack_bytes(weights, texts, str(out))
    place(out.absolute(), data)
    if as_json:
        emit_json(
            CHECKPOINTS_EXPORT_SCHEMA,
            {"checkpoint": found.id, "file": str(out), "tensors": len(weights), "size_bytes": len(data)},
        )
    else:
        click.echo(out)


@click.command(short_help="Remove files that no checkpoint needs.")
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoints-gc/1 document.")
@with_root
def gc(dry_run: bool, as_json: bool, root: Path | None) -> None:
    """Remove files that no checkpoint needs, and tensors that none does from files that several share. No checkpoint goes.

    \b
    farm checkpoints gc --dry-run
    """  # noqa: D301
    with open_store(root) as store:
        done = store.collect(dry_run=dry_run)
    if as_json:
        fields = {"removed": list(done.removed), "compacted": list(done.compacted), "bytes_freed": done.bytes_freed}
        emit_json(CHECKPOINTS_GC_SCHEMA, {"dry_run": dry_run, **fields})
        return
    for path in done.removed:
        click.echo(f"{path}: {'would go' if dry_run else 'removed'}")
    for path in done.compacted:
        click.echo(f"{path}: {'would be written' if dry_run else 'written'} anew without what none needs")
    click.echo(f"{'would free' if dry_run else 'freed'} {size_words(done.bytes_freed)}")


@click.command(short_help="Make the index anew from the files, or files from it.")
@click.option("--from-database", is_flag=True, help="Make metadata files that are missing or damaged from the rows.")
@click.option("--json", "as_json", is_flag=True, help="Print the farm-checkpoints-reindex/1 document.")
@with_root
@click.pass_context
def reindex(context: click.Context, from_database: bool, as_json: bool, root: Path | None) -> None:
    """Make the index agree with the metadata files, or metadata files from the index. Exit code 1: a file is damaged.

    \b
    farm checkpoints reindex
    farm checkpoints reindex --from-database
    """  # noqa: D301
    from farm.errors import ExitCode

    with open_store(root) as store:
        done = store.reindex(from_database=from_database)
    changes = {"entered": done.entered, "dropped": done.dropped, "restored": done.restored}
    if as_json:
        fields: dict[str, Any] = {name: list(ids) for name, ids in changes.items()}
        emit_json(CHECKPOINTS_REINDEX_SCHEMA, {**fields, "same": done.same, "damaged": list(done.damaged)})
    else:
        for line in done.damaged:
            click.echo(line)
        said = ", ".join(f"{len(ids)} {name}" for name, ids in changes.items())
        click.echo(f"{said}, {done.same} as they were, {len(done.damaged)} damaged")
    context.exit(ExitCode.BAD_RESULT if done.damaged else ExitCode.GOOD)


def _networks() -> Build:
    """The networks and backbones of the repository that this is run in; none outside of one."""
    import os
    import sys
    from importlib import import_module

    from farm.source.errors import SourceError

    try:
        context = Context.here()
        levels = context.inventory.catalogue.levels
    except SourceError:
        return lambda kind, name: None
    os.environ.setdefault("MCORE_BACKEND", "platform")  # names and shapes are the same, and it is quicker to import
    sys.path.insert(0, str(context.repository.root))

    def build(kind: str, name: str) -> Any:
        if kind not in levels:
            return None
        home = import_module(levels[kind].replace("/", "."))
        if name not in getattr(home, "__all__", ()):
            return None

        def make(parameters: dict[str, Any]) -> Any:
            from mcore.module import skeleton

            with skeleton():
                return getattr(home, name)(**parameters)

        return make

    return build


def _metrics(given: tuple[str, ...]) -> dict[str, float]:
    from farm.errors import UsageError

    found = {}
    for pair in given:
        name, _, value = pair.rpartition("=")
        try:
            found[name] = float(value)
        except ValueError:
            name = ""
        if not name or not math.isfinite(found[name]):
            raise UsageError(f"--metric {pair!r} is not NAME=VALUE")
    return found


def _row(planned: Planned, id: str) -> Mapping[str, Any]:
    return {
        "file": str(planned.path),
        "kind": planned.kind,
        "network": planned.network,
        "task": planned.task,
        "layout": planned.layout,
        "parts": list(planned.parts),
        "tensors": planned.tensors,
        "size_bytes": planned.size_bytes,
        "checkpoint": id,
        "present": bool(planned.present),
        "problem": planned.problem,
    }


def _said(planned: Planned, id: str, dry_run: bool) -> str:
    if planned.problem:
        return f"{planned.path}: refused: {planned.problem}"
    if planned.present:
        return f"{planned.path}: is {id} already"
    layout = f", names of {planned.layout}" if planned.layout not in ("", "native") else ""
    parts = ", ".join(planned.parts)
    what = f"{planned.kind} {planned.network} ({planned.task or 'no task'}): {planned.tensors} tensors, {parts}"
    return f"{planned.path}: {'would be' if dry_run else id + ','} {what}{layout}"
