"""The commits that were submitted."""

from __future__ import annotations

from sqlalchemy import select

from farm.database import models as db
from farm.web.page import Page, View


def show(view: View) -> str:
    """The newest first."""
    recorded = select(db.Snapshot.commit).distinct()
    query = select(db.Commit).where(db.Commit.key.in_(recorded)).order_by(db.Commit.date.desc())
    return view.render("commits.html", commits=view.session.scalars(query).all())


PAGE = Page("commits", "commits", show, lambda _view, _scope: ({},), heading="Commits")
