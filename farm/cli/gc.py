"""``farm gc``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from farm.answers.schemas import GC_SCHEMA
from farm.cli.context import emit_json
from farm.running.context import Context
from farm.words import number_of, size_words

if TYPE_CHECKING:
    from farm.collection.here import Garbage


@click.command()
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would go.")
@click.option(
    "--keep-commits",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="Keep the bundles of the N commits submitted last ...",
)
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="DAYS",
    help="... and of all submitted within DAYS.",
)
@click.option("--keep", "revisions", multiple=True, metavar="REV", help="Keep this commit's bundles too (repeatable).")
@click.option(
    "--grace-hours",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    metavar="HOURS",
    help="Keep whatever is younger.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the farm-gc/1 document.")
@click.pass_context
def gc(
    click_context: click.Context,
    dry_run: bool,
    keep_commits: int,
    keep_days: float,
    revisions: tuple[str, ...],
    grace_hours: float,
    as_json: bool,
) -> None:
    """Remove artifacts that no kept commit, open job or attempt needs, and what killed processes left on this machine.

    Verdicts stay; a bundle that was collected is converted anew when it has to be replayed. Exit code 1: an artifact that is
    needed is not in the store.

    \b
    farm gc --dry-run
    farm gc --keep-commits 50 --keep v1.0 --keep v1.1
    """  # noqa: D301
    from datetime import timedelta

    from farm.clock import utc_now
    from farm.collection.here import collect_here
    from farm.collection.needed import Retention
    from farm.errors import ExitCode, UsageError
    from workers.artifacts import open_store

    context = Context.here()
    try:
        store = open_store(context.settings.store_url)
    except ValueError as error:
        raise UsageError(f"FARM_STORE_URL: {error}") from None
    keep = tuple(context.repository.resolve(revision) for revision in revisions)
    retention = Retention(keep_commits, keep_days, timedelta(hours=grace_hours), keep)
    done = collect_here(
        context.database,
        store,
        context.settings.cache,
        context.settings.cache_limit_bytes,
        retention,
        utc_now(),
        dry_run=dry_run,
    )
    if as_json:
        emit_json(GC_SCHEMA, gc_document(done, str(store), dry_run))
    else:
        for line in gc_lines(done, str(store), dry_run):
            click.echo(line)
    click_context.exit(ExitCode.BAD_RESULT if done.store.missing else ExitCode.GOOD)


def gc_document(done: Garbage, store: str, dry_run: bool) -> dict[str, Any]:
    """``farm-gc/1``."""
    found = done.store
    return {
        "dry_run": dry_run,
        "store": store,
        "bytes_freed": done.bytes_freed,
        "bundles": list(found.bundles),
        "removed": {"artifacts": found.removed.files, "bytes": found.removed.size_bytes},
        "leftovers": {"files": found.leftovers.files, "bytes": found.leftovers.size_bytes},
        "young": {"artifacts": found.young.files, "bytes": found.young.size_bytes},
        "kept": {"artifacts": found.kept.files, "bytes": found.kept.size_bytes},
        "missing": list(found.missing),
        "cache": {"entries": done.cache_entries, "bytes": done.cache_bytes},
        "conversions": {"folders": done.scratch.folders, "bytes": done.scratch.size_bytes},
    }


def gc_lines(done: Garbage, store: str, dry_run: bool) -> list[str]:
    """The same for people."""
    found = done.store
    lines = [
        f"store {store}: {number_of(len(found.bundles), 'bundle')} no longer needed",
        f"  {_share(found.removed.files, found.removed.size_bytes)} of artifacts {'would go' if dry_run else 'removed'}",
        f"  {_share(found.kept.files, found.kept.size_bytes)} needed, "
        f"{_share(found.young.files, found.young.size_bytes)} not needed but too young to go",
        f"  {_share(found.leftovers.files, found.leftovers.size_bytes)} of unfinished writes and old damage",
        f"cache: {_share(done.cache_entries, done.cache_bytes)} that nobody used lately",
        f"conversions: {_share(done.scratch.folders, done.scratch.size_bytes)} of converters that are no more",
        f"{'would free' if dry_run else 'freed'} {size_words(done.bytes_freed)}",
    ]
    if found.missing:
        lines.append(
            f"not in the store, though needed: {number_of(len(found.missing), 'artifact')}, first {found.missing[0]}: "
            "`farm submit --all --reconvert` makes them again"
        )
    return lines


def _share(count: int, size_bytes: int) -> str:
    return f"{count} ({size_words(size_bytes)})"
