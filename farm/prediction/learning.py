"""Learning anew what has changed, for those who read: done every minute by whoever coordinates.

Where nobody does, the reader learns for itself, and gets the same.
"""

from __future__ import annotations

from farm.database.engine import Database
from farm.inventory import Inventory
from farm.prediction.kept import is_due, keep_belief, newest_evidence
from farm.prediction.records import Predictor
from farm.verdicts.standings import read_terms


def learn_anew(database: Database, inventory: Inventory) -> int:
    """Learn of each device type that has new verdicts, or other stacks than before; how many there were."""
    learnt = []
    with database.read() as session:
        predictor = Predictor(session, (), ())
        for terms in read_terms(session, inventory):
            key = (terms.type_id, terms.policy)
            if is_due(session, *key, terms.present) and (newest := newest_evidence(session, *key)):
                learnt.append((*key, terms.present, newest, predictor.learn(*key, terms.present)))
    if learnt:
        with database.write(in_turn=True) as session:
            for each in learnt:
                keep_belief(session, *each)
    return len(learnt)
