"""The support table of a commit, and the way to that of any other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from farm.commits.listing import newest_commits, predecessor, read_commit, recorded_among
from farm.commits.naming import find_recorded
from farm.errors import FarmError
from farm.regressions.listing import numbers
from farm.states.verdict import Verdict
from farm.table.filter import VERDICTS, TableFilter
from farm.table.table import KIND_ORDER, build_table
from farm.web import matrix
from farm.web.page import Moved, Page, Parameters, Said, Scope, View
from farm.words import HEADS

FILTERS = ("device", "kind", "name", "verdict", "tested")
#: Commits that the form proposes.
PROPOSED = 30


def show(view: View, commit: str) -> str | Said:
    """The table at a recorded commit, by its key."""
    about = read_commit(view.session, commit)
    whole = build_table(view.session, commit, view.inventory)
    wanted, refused = None, ""
    try:
        wanted = TableFilter(
            devices=view.asked("device"),
            kinds=view.asked("kind"),
            names=tuple(name for text in view.asked("name") for name in re.split(r"[\s,]+", text)),
            verdicts=tuple(verdict.upper() for verdict in view.asked("verdict")),
            tested=bool(view.asked("tested")),
        )
        made = wanted.apply(whole)
    except FarmError as error:  # said beside the form, in which it can be put right
        made, refused = replace(whole, rows=()), str(error)
    counts = matrix.count(made)
    page = view.render(
        "table.html",
        about=about,
        before=predecessor(view.session, commit),
        filters={name: view.asked(name) for name in FILTERS},
        whole=whole,
        table=made,
        filtered=wanted is not None and wanted != TableFilter(),
        refused=refused,
        kinds=matrix.by_kind(made.rows),
        heads=HEADS,
        empty=set(HEADS).difference(*({c for c, name in row.columns.items() if name} for row in made.rows)),
        counts=counts,
        totals={verdict: sum(count.counts[verdict] for count in counts) for verdict in Verdict},
        cells_html=matrix.CellWriter(view.links, numbers(view.session, view.inventory, commit)),
        recorded=recorded_among(view.session, {row.last_change.commit for row in made.rows}),
        commits=newest_commits(view.session, limit=PROPOSED),
        choices={"kind": KIND_ORDER, "verdict": VERDICTS, "device": whole.devices},
    )
    return Said(page, 422) if refused else page


def front(view: View) -> str | Said:
    """The table of what is checked out, or of the nearest commit before it that is recorded; of a static site, its first."""
    return show(view, view.scope[0] if view.scope else find_recorded(view.session, view.repository, None))


def find(view: View) -> Moved:
    """The table of whatever commit a person names, with the same filters."""
    commit = find_recorded(view.session, view.repository, view.asked_once("commit"))
    return Moved("table", {"commit": commit}, {name: view.asked(name) for name in FILTERS})


def exported(_view: View, scope: Scope) -> Iterable[Parameters]:
    """Those of the site's commits."""
    return ({"commit": commit} for commit in scope)


PAGE = Page("table", "table/{commit}", show, exported, queries=FILTERS, below="front")
FRONT = Page("front", "", front, lambda _view, _scope: ({},), queries=FILTERS, heading="Table")
ASKED = Page("find", "table", find, queries=("commit", *FILTERS))
