"""What became better and worse from one commit to another."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, pairwise

from farm.commits.listing import newest_commits, predecessor, read_commit
from farm.commits.naming import find_recorded
from farm.errors import UsageError
from farm.regressions.listing import numbers
from farm.table.diff import Effect, compare
from farm.table.filter import TableFilter
from farm.table.slower import MOST_SLOWER, SLOWER_BY
from farm.table.table import KIND_ORDER, build_differing
from farm.web.differences import DifferenceWriter
from farm.web.page import Moved, Page, Parameters, Scope, View

FILTERS = ("device", "kind", "slower_by")
#: Of each effect, what it means.
MEANINGS = {
    Effect.BROKEN: "a worse verdict, or none any more",
    Effect.FIXED: "a better verdict",
    Effect.SLOWER: "the same verdict, {} times as long or longer",
    Effect.NEW: "an architecture, or a result, that was not there",
    Effect.GONE: "an architecture that is not there any more",
}
#: Commits that the form proposes.
PROPOSED = 30


def show(view: View, before: str, after: str) -> str:
    """Of two recorded commits, by their keys."""
    about = [read_commit(view.session, key) for key in (before, after)]
    wanted = TableFilter(view.asked("device"), view.asked("kind"))
    one, other = build_differing(view.session, before, after, view.inventory)
    made = compare(wanted.apply(one), wanted.apply(other), _factor(view))
    return view.render(
        "diff.html",
        before=about[0],
        after=about[1],
        diff=made,
        groups=[(effect, tuple(found)) for effect, found in groupby(made.differences, key=lambda d: d.effect)],
        meanings={effect: text.format(f"{made.slower_by:g}") for effect, text in MEANINGS.items()},
        row_html=DifferenceWriter(
            view.links,
            before,
            after,
            view.scope[0] if view.scope else None,
            numbers(view.session, view.inventory, after),
        ),
        commits=newest_commits(view.session, limit=PROPOSED),
        choices={"kind": KIND_ORDER, "device": tuple(view.inventory.devices)},
    )


def find(view: View) -> Moved:
    """Of whatever two commits a person names."""
    named = [view.asked_once(name) for name in ("a", "b")]
    before, after = (find_recorded(view.session, view.repository, name) for name in named)
    return Moved("diff", {"before": before, "after": after}, {name: view.asked(name) for name in FILTERS})


def exported(view: View, scope: Scope) -> Iterable[Parameters]:
    """From each of the site's commits to the one before it, and for the oldest of them to the one that is recorded before."""
    pairs = [(older, newer) for newer, older in pairwise(scope)]
    if (before := predecessor(view.session, scope[-1])) is not None:
        pairs.append((before, scope[-1]))
    return ({"before": before, "after": after} for before, after in pairs)


def _factor(view: View) -> float:
    text = view.asked_once("slower_by")
    if text is None:
        return SLOWER_BY
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1 < factor <= MOST_SLOWER:
        raise UsageError(f"slower_by: {text!r} is no factor above 1, up to {MOST_SLOWER:g}")
    return factor


PAGE = Page("diff", "diff/{before}/{after}", show, exported, queries=FILTERS, below="commits")
ASKED = Page("compare", "diff", find, queries=("a", "b", *FILTERS))
