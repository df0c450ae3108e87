"""What turned from passing to failing: a list of it, and each with its evidence."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from farm.commits.listing import recorded_among
from farm.database import models as db
from farm.errors import NotFoundError
from farm.regressions.listing import list_regressions, show_regression
from farm.table.filter import TableFilter
from farm.table.table import KIND_ORDER
from farm.web.page import Page, Parameters, Scope, View
from farm.words import RESULTS

FILTERS = ("device", "kind", "branch", "all")


def listed(view: View) -> str:
    """Those that are open; with ``all`` the others too."""
    devices, kinds = view.asked("device"), view.asked("kind")
    for device in devices:
        view.inventory.device(device)
    TableFilter(kinds=kinds)  # refuses what is none
    everything = bool(view.asked("all"))
    found = list_regressions(
        view.session,
        view.inventory,
        view.now,
        everything=everything,
        devices=devices,
        kinds=kinds,
        branch=view.asked_once("branch"),
    )
    return view.render(
        "regressions.html",
        regressions=found,
        everything=everything,
        choices={"kind": KIND_ORDER, "device": tuple(view.inventory.devices)},
    )


def show(view: View, number: str) -> str:
    """By its number."""
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFoundError("regression", number)
    shown = show_regression(view.session, view.inventory, int(number), view.now)
    half = len(shown.places) // 2
    row = shown.listed.row
    return view.render(
        "regression.html",
        shown=shown,
        one=shown.listed,
        row=row,
        square=[(name, at) for name, at in (("old", shown.places[:half]), ("new", shown.places[half:])) if at],
        results=RESULTS,
        recorded=recorded_among(view.session, {row.last_good, row.first_bad, *(commit for commit, _ in shown.range)}),
    )


def exported(view: View, scope: Scope) -> Iterable[Parameters]:
    """Those that are open, and those that begin at a commit of the site."""
    wanted = db.Regression.closed.is_(None) | db.Regression.first_bad.in_(scope)
    return [{"number": str(number)} for number in view.session.scalars(select(db.Regression.id).where(wanted))]


LIST = Page("regressions", "regressions", listed, lambda _view, _scope: ({},), queries=FILTERS, heading="Regressions")
PAGE = Page("regression", "regression/{number}", show, exported, below="regressions")
