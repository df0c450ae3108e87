"""The pages as files that need no server: made beside the folder they are for, then put in its place."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from farm.clock import utc_now
from farm.errors import InfrastructureError, UsageError
from farm.web.links import address, file_of, fits
from farm.web.page import Moved, Page, Said, Scope
from farm.web.site import Site

#: What is in the folder of a site says that it is one, and of which commits.
MARK = "farm-report.json"
REPORT_SCHEMA = "farm-report/1"


def export(site: Site, folder: Path, scope: Scope) -> int:
    """Write every page that belongs to some commits; number of pages.

    Args:
        site: all pages.
        folder: to be made, to be filled, or to be replaced where it is such a site.
        scope: keys of recorded commits; the front page is of the first.

    Raises:
        UsageError: the folder has something else in it.
        InfrastructureError: it cannot be written.
    """
    folder = Path(os.path.realpath(folder))  # what a link leads to is replaced, not the link
    _check(folder)
    wanted = _pages(site, scope)
    try:
        with _beside(folder) as made:
            for place, (page, parameters) in wanted.items():
                shown = site.show(page, parameters, exported=wanted.keys(), scope=scope)
                assert not isinstance(shown, Moved | Said), f"{place} is exported, and is no page"
                path = made / file_of(place)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(shown, encoding="utf-8")
            (made / MARK).write_text(_mark(scope, len(wanted), utc_now()), encoding="utf-8")
    except OSError as error:
        raise InfrastructureError(f"{folder} cannot be written: {error.strerror or error}") from error
    return len(wanted)


def _pages(site: Site, scope: Scope) -> dict[str, tuple[Page, Mapping[str, str]]]:
    """By address: all that belong to a site of these commits."""
    found: dict[str, tuple[Page, Mapping[str, str]]] = {}
    for page in site.pages:
        with site.view(page, "", scope=scope) as view:
            for parameters in page.exported(view, scope):
                if fits(parameters):
                    found[address(page.path, parameters)] = page, parameters
    return found


def _check(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder")
    if not any(folder.iterdir()):
        return
    try:
        schema = json.loads((folder / MARK).read_text(encoding="utf-8"))["schema"]
    except (OSError, ValueError, KeyError, TypeError):
        schema = None
    if schema != REPORT_SCHEMA:
        raise UsageError(f"{folder} has something in it that is no report of the farm's; name another folder")


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of ``folder`` at the end; where the body fails, nothing has changed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        made = scratch / "new"
        made.mkdir()
        yield made
        if folder.exists():
            folder.rename(scratch / "old")
        made.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _mark(scope: Scope, pages: int, at: datetime) -> str:
    return json.dumps(
        {"schema": REPORT_SCHEMA, "commits": list(scope), "pages": pages, "made": at.isoformat(timespec="seconds")},
        indent=2,
    )
