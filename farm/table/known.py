"""The verdicts that stand for some bundles now, whatever commits they are of, and what else is known of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import models as db
from farm.inventory import Inventory
from farm.prediction.records import Predictor
from farm.states.verdict import Verdict
from farm.table.verdicts import RecordedVerdict, read_states, read_verdicts
from farm.verdicts.inheritance import Standing, current, stack_changes
from farm.verdicts.standings import read_terms

Rule = Callable[[Sequence[Standing], Sequence[str]], Standing | None]
#: By bundle and device type, one verdict each.
Chosen = dict[str, dict[int, RecordedVerdict]]


class KnownVerdicts:
    """Read in a handful of queries, for as many cells as there are.

    Args:
        session: to read with, as long as cells are made.
        inventory: whose devices, policies and stacks the verdicts are for.
        bundles: identities.
    """

    def __init__(self, session: Session, inventory: Inventory, bundles: Collection[str]) -> None:
        self.session, self.bundles = session, bundles
        self.failures_for = inventory.inheritance.failures_for
        terms = read_terms(session, inventory)
        known = {t.device: t.type_id for t in terms}
        #: Of each device of the inventory the row of its type, ``None`` where it has none yet.
        self.devices = {device: known.get(device) for device in inventory.devices}
        self.policies = {t.type_id: t.policy for t in terms}
        self.present = {t.type_id: t.present for t in terms}
        stacks = session.connection().execute(select(db.Stack.hash, db.Stack.fingerprint))
        self._fingerprints = {row.hash: row.fingerprint for row in stacks}
        self._stacks: dict[tuple[int, str], tuple[Mapping[str, str], tuple[str, ...]]] = {}
        self.current = self.choose(current, bundles)
        self.states = read_states(session, bundles, self.policies)

    @cached_property
    def predictor(self) -> Predictor:
        """Of the bundles that some device type has no verdict on."""
        lacking = {b for b in self.bundles if len(self.current.get(b, ())) < len(self.policies)}
        return Predictor(self.session, lacking, self.policies)

    def choose(self, rule: Rule, bundles: Collection[str]) -> Chosen:
        """Of the verdicts on each bundle, one for each stack, the one that a rule takes, where it takes one."""
        chosen: Chosen = {}
        doubtful: dict[tuple[str, int], dict[str, RecordedVerdict]] = {}
        for verdict in read_verdicts(self.session, bundles, self.policies):
            bundle, type_id = verdict.bundle, verdict.device_type_id
            by_type = chosen.get(bundle)
            if by_type is None:
                by_type = chosen[bundle] = {}
            first = by_type.setdefault(type_id, verdict)
            # One alone that tells something, on a stack that is there, is taken by any rule; and so it is almost always.
            if first is not verdict:
                doubtful.setdefault((bundle, type_id), {first.stack: first})[verdict.stack] = verdict
            elif verdict.verdict is Verdict.NO_VERDICT or verdict.stack not in self.present[type_id]:
                doubtful[bundle, type_id] = {verdict.stack: verdict}
        for (bundle, type_id), by_stack in doubtful.items():
            found = rule([verdict.standing for verdict in by_stack.values()], self.present[type_id])
            if found is not None:
                chosen[bundle][type_id] = by_stack[found.stack]
            else:
                del chosen[bundle][type_id]
        return chosen

    def stack(self, type_id: int, digest: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """The fingerprint of a stack, and how the present one of the device type differs from it."""
        found = self._stacks.get((type_id, digest))
        if found is None:
            present, fingerprint = self.present[type_id], self._fingerprints.get(digest, {})
            gone = bool(present) and digest not in present
            changed = stack_changes(fingerprint, self._fingerprints[present[0]]) if gone else ()
            found = self._stacks[type_id, digest] = fingerprint, changed
        return found
