"""The support table of a commit."""

from __future__ import annotations

from collections.abc import Iterable

from farm.recorded import find_commit
from farm.table import build_table
from farm.table_filter import TableFilter
from farm.web.page import Moved, Page, Parameters, Scope, View

FILTERS = ("device", "kind", "name", "verdict", "tested")


def show(view: View, commit: str) -> str:
    """The table at a recorded commit, by its key."""
    wanted = TableFilter(
        devices=view.asked("device"),
        kinds=view.asked("kind"),
        names=view.asked("name"),
        verdicts=view.asked("verdict"),
        tested=bool(view.asked("tested")),
    )
    made = wanted.apply(build_table(view.session, commit, view.inventory))
    return view.render("table.html", table=made)


def front(view: View) -> str:
    """The table of what is checked out, or of the nearest commit before it that is recorded."""
    return show(view, find_commit(view.session, view.repository, None))


def find(view: View) -> Moved:
    """The table of whatever commit a person names, with the same filters."""
    commit = find_commit(view.session, view.repository, view.asked_once("commit"))
    return Moved("table", {"commit": commit}, {name: view.asked(name) for name in FILTERS})


def exported(_view: View, scope: Scope) -> Iterable[Parameters]:
    return ({"commit": commit} for commit in scope)


PAGE = Page("table", "table/{commit}", show, exported, queries=FILTERS, below="front")
FRONT = Page("front", "", front, lambda _view, _scope: ({},), queries=FILTERS, heading="Table")
ASKED = Page("find", "table", find, queries=("commit", *FILTERS))
