"""What became better and worse from one commit to another."""

from __future__ import annotations

from farm.diff import compare
from farm.recorded import find_commit
from farm.table import build_table
from farm.web.page import Moved, Page, View

SLOWER_BY = 1.5


def show(view: View, before: str, after: str) -> str:
    """Of two recorded commits, by their keys."""
    one, other = (build_table(view.session, commit, view.inventory) for commit in (before, after))
    return view.render("diff.html", diff=compare(one, other, SLOWER_BY))


def find(view: View) -> Moved:
    """Of whatever two commits a person names."""
    before, after = (find_commit(view.session, view.repository, view.asked_once(name)) for name in ("a", "b"))
    return Moved("diff", {"before": before, "after": after})


PAGE = Page("diff", "diff/{before}/{after}", show, below="commits")
ASKED = Page("compare", "diff", find, queries=("a", "b"))
