"""What was submitted, and where each submission stands: live, as long as anything of it is still to come."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from farm.commits.listing import recorded_among
from farm.database import models as db
from farm.details.submission import read_submission, recent_submissions
from farm.progress.words import rest_at_a_glance, rest_words
from farm.web.page import Page, Parameters, Scope, View

#: Submissions that are listed, the newest first.
LISTED = 100
#: Seconds after which a page of what goes on is looked at again.
REFRESH_S = 5


def show(view: View, submission: str) -> str:
    """By its id, or the beginning of it."""
    record = read_submission(view.session, view.inventory, submission, view.now, attended=view.attended)
    known_base = record.base is not None and record.base in recorded_among(view.session, {record.base})
    return view.render(
        "submission.html",
        record=record,
        known_base=known_base,
        refresh_s=REFRESH_S,
        rest_words=rest_words,
        rest_at_a_glance=rest_at_a_glance,
    )


def listed(view: View) -> str:
    """The newest ones."""
    found = recent_submissions(view.session, LISTED)
    subjects = dict(
        view.session.execute(
            select(db.Commit.key, db.Commit.subject).where(db.Commit.key.in_({row.commit for row in found}))
        ).all()
    )
    return view.render("submissions.html", submissions=found, subjects=subjects, most=LISTED)


def exported(view: View, scope: Scope) -> Iterable[Parameters]:
    """Those of the commits."""
    ids = view.session.scalars(select(db.Submission.id).where(db.Submission.commit.in_(scope))).all()
    return ({"submission": identifier} for identifier in ids)


LIST = Page("submissions", "submissions", listed, lambda _view, _scope: ({},), heading="Submissions")
PAGE = Page("submission", "submission/{submission}", show, exported, below="submissions", queries=("still",))
