"""The graph of commits, recorded with every submission: the coordinator, which needs it, has no git.

Plain parents are kept of the submitted commit and of its nearest ancestors, whether these were submitted or not. So a commit
that is submitted late finds its place between those that were there before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from farm.database.models import Commit, Lineage, Submission
from farm.regressions.lines import Graph, heads_of

#: Ancestors that are looked at for one submission; what lies further back is compared with nothing.
DEPTH = 2000
_BATCH = 500
_GRAPH, _HEADS = "graph of commits", "heads of branches"


def record_lineage(session: Session, lineage: Mapping[str, Sequence[str]]) -> int:
    """Add the commits that are not there yet, each with its parents; how many they were."""
    new: list[str] = []
    shas = list(lineage)
    for start in range(0, len(shas), _BATCH):
        some = shas[start : start + _BATCH]
        known = set(session.scalars(select(Lineage.sha).where(Lineage.sha.in_(some))))
        new += [sha for sha in some if sha not in known]
    if new:
        session.execute(insert(Lineage), [{"sha": sha, "parents": list(lineage[sha])} for sha in new])
        forget(session)
    return len(new)


def read_graph(session: Session) -> Graph:
    """All commits that are known, and all that were submitted; read once for a session."""
    if _GRAPH not in session.info:
        parents: dict[str, Sequence[str]] = dict.fromkeys(session.scalars(select(Commit.key).where(~Commit.dirty)), ())
        known = {row.sha: row.parents for row in session.execute(select(Lineage.sha, Lineage.parents))}
        session.info[_GRAPH] = Graph(parents | known)
    graph = session.info[_GRAPH]
    assert isinstance(graph, Graph)
    return graph


def read_heads(session: Session) -> dict[str, tuple[str, ...]]:
    """The commits that regressions are open on, and their names; read once for a session."""
    if _HEADS not in session.info:
        query = select(Submission.commit, Submission.branch).join(Commit, Submission.commit == Commit.key)
        # A narrow one is a question, and moves no branch on.
        entered = query.where(~Commit.dirty, Submission.devices.is_(None))
        submitted = session.execute(entered.order_by(Submission.created, Submission.id))
        session.info[_HEADS] = heads_of(read_graph(session), [(commit, branch) for commit, branch in submitted])
    heads: dict[str, tuple[str, ...]] = session.info[_HEADS]
    return heads


def forget(session: Session) -> None:
    """Read the graph anew when it is wanted next: a commit or a submission was added."""
    session.info.pop(_GRAPH, None)
    session.info.pop(_HEADS, None)
