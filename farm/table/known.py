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
from farm.table.verdicts import Measured, RecordedVerdict, read_measured, read_states, read_verdicts
from farm.verdicts.inheritance import Standing, current
from farm.verdicts.probes import probing
from farm.verdicts.standings import read_terms
from workers.stack import stack_changes

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
        self.stacks = _Stacks({row.hash: row.fingerprint for row in stacks}, self.present)
        #: By what a PARTIAL verdict is of, how far its last probe is; by attempt, what it measured for another one's verdict.
        self.probes: dict[tuple[str, int, str, str], str] = {}
        self.measured: dict[str, Measured] = {}
        self._partial: set[str] = set()
        self._elsewhere: set[str] = set()
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
        present, nothing, partial = self.present, Verdict.NO_VERDICT, Verdict.PARTIAL
        for verdict in read_verdicts(self.session, bundles, self.policies):
            bundle, type_id, shown = verdict.bundle, verdict.device_type_id, verdict.shown
            if verdict.verdict is partial:
                self._partial.add(bundle)
            if shown.measured != shown.attempt and shown.measured is not None:
                self._elsewhere.add(shown.measured)
            by_type = chosen.get(bundle)
            if by_type is None:
                by_type = chosen[bundle] = {}
            first = by_type.setdefault(type_id, verdict)
            # One alone that tells something, on a stack that is there, is taken by any rule; and so it is almost always.
            if first is not verdict:
                doubtful.setdefault((bundle, type_id), {first.stack: first})[verdict.stack] = verdict
            elif verdict.verdict is nothing or verdict.stack not in present[type_id]:
                doubtful[bundle, type_id] = {verdict.stack: verdict}
        for (bundle, type_id), by_stack in doubtful.items():
            found = rule([verdict.standing for verdict in by_stack.values()], present[type_id])
            if found is not None:
                chosen[bundle][type_id] = by_stack[found.stack]
            else:
                del chosen[bundle][type_id]
        return chosen

    def read_beside(self) -> None:
        """Read the probes and the measurements that belong to what was chosen since it was last called."""
        self.probes |= probing(self.session, self._partial)
        self.measured |= read_measured(self.session, self._elsewhere)
        self._partial, self._elsewhere = set(), set()


class _Stacks(dict[tuple[int, str], tuple[Mapping[str, str], tuple[str, ...]]]):
    """By device type and hash: the fingerprint of a stack, and how the present one differs from it; each is made once."""

    def __init__(self, fingerprints: Mapping[str, Mapping[str, str]], present: Mapping[int, Sequence[str]]) -> None:
        super().__init__()
        self._fingerprints, self._present = fingerprints, present

    def __missing__(self, key: tuple[int, str]) -> tuple[Mapping[str, str], tuple[str, ...]]:
        type_id, digest = key
        present, fingerprint = self._present[type_id], self._fingerprints.get(digest, {})
        gone = bool(present) and digest not in present
        changed = stack_changes(fingerprint, self._fingerprints[present[0]]) if gone else ()
        self[key] = found = fingerprint, changed
        return found
