"""One architecture at a commit: on which device it works, since when, why it was tested, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from farm.commits.naming import find_recorded
from farm.database import models as db
from farm.details.architecture import ArchitectureRecord, find_kind, read_architecture
from farm.details.source_map import Origin
from farm.regressions.listing import numbers
from farm.regressions.readings import FAILING
from farm.web.drawings import LEGEND, error_plot, latency_plot
from farm.web.page import Moved, Page, Parameters, Scope, View
from mcore.checkpoints import Checkpoint

#: Checkpoints of it that are named, the newest first.
CHECKPOINTS = 20


def show(view: View, kind: str, name: str) -> str:
    """At the commit that the front page is of."""
    return show_at(
        view, kind, name, view.scope[0] if view.scope else find_recorded(view.session, view.repository, None)
    )


def show_at(view: View, kind: str, name: str, commit: str) -> str:
    """At a recorded commit, by its key."""
    record = read_architecture(view.session, view.inventory, commit, kind, name, view.now, attended=view.attended)
    known = numbers(view.session, view.inventory, commit)
    failing = [cell.device for cell in record.row.cells.values() if cell.verdict in FAILING]
    return view.render(
        "architecture.html",
        regressions={device: known[kind, name, device] for device in failing if (kind, name, device) in known},
        record=record,
        row=record.row,
        known={entry.commit for entry in record.history.entries},
        origin=_origin(view, record),
        plots=[(series, error_plot(series), latency_plot(series)) for series in record.series],
        legend=LEGEND,
        checkpoints=_checkpoints(view, kind, name),
    )


def find(view: View) -> Moved:
    """By the name that a person gives, at whatever commit."""
    commit = find_recorded(view.session, view.repository, view.asked_once("commit"))
    name, kind = view.asked_once("name") or "", view.asked_once("kind")
    if kind is None and ":" in name:
        kind, _, name = name.partition(":")
    kind = kind or find_kind(view.session, commit, name)
    return Moved("architecture-at", {"commit": commit, "kind": kind, "name": name})


def exported(view: View, scope: Scope) -> Iterable[Parameters]:
    """Those of the first commit, which the front page is of."""
    return [{"kind": kind, "name": name} for _, kind, name in _all(view, scope[:1])]


def exported_at(view: View, scope: Scope) -> Iterable[Parameters]:
    """Those of the others."""
    return [{"commit": commit, "kind": kind, "name": name} for commit, kind, name in _all(view, scope[1:])]


def _all(view: View, commits: Sequence[str]) -> Sequence[tuple[str, str, str]]:
    query = (
        select(db.Snapshot.commit, db.Architecture.kind, db.Architecture.name)
        .join(db.Snapshot.architecture)
        .where(db.Snapshot.commit.in_(commits))
    )
    return [(commit, kind, name) for commit, kind, name in view.session.execute(query)]


def _origin(view: View, record: ArchitectureRecord) -> Origin | None:
    if record.bundle is None:
        return None
    revision = None if record.dirty else record.commit
    architecture = f"{record.row.kind}:{record.row.name}"
    return view.stores.origin(view.inventory, record.bundle.manifest, architecture, revision)


def _checkpoints(view: View, kind: str, name: str) -> list[Checkpoint] | None:
    if kind not in ("network", "backbone"):
        return None
    return view.stores.of_network(kind, name, CHECKPOINTS)


PAGE = Page("architecture", "architecture/{kind}/{name}", show, exported, below="front")
AT = Page("architecture-at", "architecture/{kind}/{name}/{commit}", show_at, exported_at, below="front")
ASKED = Page("find-architecture", "architecture", find, queries=("name", "kind", "commit"))
