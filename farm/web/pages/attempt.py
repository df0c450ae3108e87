"""One attempt: all the evidence of it, and how to run it again."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from farm.database import models as db
from farm.details.attempt import read_attempt
from farm.details.gates import gates_of, limits_of
from farm.web.drawings import layer_plot
from farm.web.page import Page, Parameters, Scope, View
from farm.web.unit_names import as_parameter
from farm.web.words import brief


def show(view: View, attempt: str) -> str:
    """By its id, or the beginning of it."""
    evidence = read_attempt(view.session, attempt)
    return view.render(
        "attempt.html",
        evidence=evidence,
        attempt=evidence.attempt,
        plot=layer_plot(evidence),
        parameter=as_parameter,
        limits=limits_of(evidence.policy),
        gates={
            (place, position): gates_of(tensor, evidence.policy)
            for place, case in enumerate(evidence.cases)
            for position, tensor in enumerate(case.tensors)
        },
    )


def exported(view: View, scope: Scope) -> Iterable[Parameters]:
    """Those on the bundles of the commits."""
    bundles = select(db.Snapshot.bundle).where(db.Snapshot.commit.in_(scope))
    query = select(db.Attempt.id).join(db.Attempt.job).where(db.Job.bundle.in_(bundles))
    return ({"attempt": brief(attempt)} for attempt in view.session.scalars(query).all())


PAGE = Page("attempt", "attempt/{attempt}", show, exported, below="front")
