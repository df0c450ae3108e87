"""Traits of graphs in the database, and what device types are believed to do, from the verdicts that are recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.database.parts import in_parts
from farm.prediction.belief import Belief, learn
from farm.prediction.evidence import EVIDENCE, observed
from farm.prediction.kept import KeptBeliefs
from farm.prediction.traits import VERSION, traits_of
from farm.states.prediction import Prediction
from farm.states.verdict import Verdict

if TYPE_CHECKING:
    from mcore.platform.bundle import Bundle as BundleValue

#: Verdicts that a belief is made of at most, the newest of a device type, and the least: of fewer graphs nothing is said.
MOST = 4000
LEAST = 5


def record_traits(session: Session, bundle: BundleValue) -> None:
    """The traits of a bundle's graphs, once for each content of them."""
    graph = bundle.manifest.identity.graph
    row = session.get(db.GraphTraits, graph)
    if row is None:
        session.add(db.GraphTraits(graph=graph, version=VERSION, traits=list(traits_of(bundle.graphs))))
    elif row.version != VERSION:
        row.version, row.traits = VERSION, list(traits_of(bundle.graphs))


class Predictor:
    """Predictions for bundles without a verdict, by what is kept of a device type, or else by its evidence.

    Either is read when the device type is first asked about.

    Args:
        session: to read with, as long as predictions are asked for.
        bundles: those that may be asked about.
        type_ids: and the device types.
    """

    def __init__(self, session: Session, bundles: Iterable[str], type_ids: Iterable[int]) -> None:
        self._session, self._type_ids = session, tuple(type_ids)
        query = select(db.Bundle.identity, db.Bundle.graph)
        self._graphs = {
            bundle: graph
            for part in in_parts(set(bundles))
            for bundle, graph in session.execute(query.where(db.Bundle.identity.in_(part)))
        }
        self._traits = self._read_traits(set(self._graphs.values()))
        self._beliefs: dict[tuple[int, str], Belief] = {}

    def predict(self, bundle: str, type_id: int, policy: str, present: Sequence[str]) -> Prediction | None:
        """What a device type's configuration will likely make of a bundle under a policy.

        ``present`` are the hashes of the stacks that its units have now, as far as they were heard of: what was observed on
        others is no evidence. ``None`` where the graph's traits were not recorded, or too little is known of the device type.
        """
        traits = self._traits.get(self._graphs.get(bundle, ""))
        if traits is None:
            return None
        key = (type_id, policy)
        if key not in self._beliefs:
            self._beliefs[key] = self._kept.of(type_id, policy, present) or self.learn(type_id, policy, present)
        belief = self._beliefs[key]
        return belief.predict(traits) if belief.evidence >= LEAST else None

    @cached_property
    def _kept(self) -> KeptBeliefs:
        return KeptBeliefs(self._session, self._type_ids)

    def learn(self, type_id: int, policy: str, present: Sequence[str]) -> Belief:
        """What the newest verdict on each graph says of a device type's configuration; arguments as in :meth:`predict`."""
        query = (
            select(db.Verdict.verdict, db.Bundle.graph, db.Attempt.id, db.Attempt.unsupported)
            .join(db.Bundle, db.Verdict.bundle == db.Bundle.identity)
            .join(db.Attempt, db.Verdict.attempt_id == db.Attempt.id)
            .where(db.Verdict.device_type_id == type_id, db.Verdict.policy == policy)
            .where(db.Verdict.verdict.in_(EVIDENCE))
            .order_by(db.Verdict.proved.desc(), db.Verdict.bundle)
            .limit(MOST)
        )
        if present:
            query = query.where(db.Verdict.stack.in_(present))
        newest: dict[str, Row[tuple[str, str, str, list[str]]]] = {}
        for row in self._session.execute(query):
            newest.setdefault(row.graph, row)
        self._traits |= self._read_traits(newest.keys() - self._traits.keys())
        layers = self._layers([row.id for row in newest.values() if row.verdict == Verdict.FAILED])
        return learn(
            [
                observed(self._traits[graph], Verdict(row.verdict), row.unsupported, layers.get(row.id))
                for graph, row in newest.items()
                if graph in self._traits
            ]
        )

    def _read_traits(self, graphs: Collection[str]) -> dict[str, frozenset[str]]:
        query = select(db.GraphTraits.graph, db.GraphTraits.traits).where(db.GraphTraits.version == VERSION)
        return {
            graph: frozenset(traits)
            for part in in_parts(graphs)
            for graph, traits in self._session.execute(query.where(db.GraphTraits.graph.in_(part)))
        }

    def _layers(self, attempts: Sequence[str]) -> Mapping[str, str]:
        """By attempt: the op of the layer that introduced what is wrong."""
        query = (
            select(db.CaseResult.attempt_id, db.LayerError.op)
            .join(db.LayerError, db.LayerError.case_id == db.CaseResult.id)
            .where(db.LayerError.introduced_here.is_(True))
        )
        return {
            attempt: op
            for part in in_parts(attempts)
            for attempt, op in self._session.execute(query.where(db.CaseResult.attempt_id.in_(part)))
        }
