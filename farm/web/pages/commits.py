"""The commits that were submitted, and the choice of two to compare."""

from __future__ import annotations

from itertools import pairwise

from farm.commits.listing import list_commits, predecessor
from farm.web.page import Page, View

#: Commits on one page; a static site has no others.
SHOWN = 50


def show(view: View) -> str:
    """The newest first; ``before`` is a commit that older ones are asked for of."""
    found = list_commits(view.session, limit=SHOWN, before=view.asked_once("before"))
    older = {one.key: other.key for one, other in pairwise(found.commits)}
    if found.more:
        last = found.commits[-1].key
        older[last] = predecessor(view.session, last) or ""
    return view.render("commits.html", found=found, older=older, begun=view.asked_once("before"))


PAGE = Page("commits", "commits", show, lambda _view, _scope: ({},), queries=("before",), heading="Commits")
