"""``farm report``."""

from __future__ import annotations

from pathlib import Path

import click

from farm.cli.context import say
from farm.running.context import Context


@click.command()
@click.option(
    "--html",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the pages into this folder: a new or empty one, or one with an earlier report.",
)
@click.option(
    "--commit",
    "commits",
    multiple=True,
    metavar="REV",
    help="The table of this commit (repeatable, the newest first; default: the state you are at).",
)
def report(folder: Path, commits: tuple[str, ...]) -> None:
    """Write the pages of `farm web` as files: a folder to publish, to attach, or to open without a server.

    The first page is the table of the first commit. What each commit changed since the next one, and the last since the one
    before it, comes with it, and the details of all that they show.

    \b
    farm report --html site
    farm report --html site --commit main --commit v1.0
    """  # noqa: D301
    from farm.planning.recorded import find_commit
    from farm.web.export import export
    from farm.web.opened import Opened
    from farm.web.pages import PAGES
    from farm.web.site import Site

    context = Context.here()
    opened = Opened(context.settings)
    try:
        with opened.read() as session:
            keys = [find_commit(session, context.repository, revision) for revision in commits or (None,)]
        pages = export(Site(opened, PAGES), folder, tuple(dict.fromkeys(keys)))
    finally:
        opened.close()
    say(f"farm: {pages} pages; begin at {folder / 'index.html'}")
