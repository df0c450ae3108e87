"""What converters have claimed: conversions, repeats or probes that are theirs under a lease, which each event renews.

A claim that ends without a word is given back; one whose converter is no more can be taken by another when its lease is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.orm import Session

from farm.clock import utc_now
from farm.database.engine import Database
from farm.database.models import Conversion, Probe, Repeat
from farm.errors import InfrastructureError
from farm.states.conversions import ConversionState

log = logging.getLogger("farm.converter")
#: The most that is claimed at a time.
BATCH = 8
LEASE_MARGIN_S = 60.0


def claimable(table: type[Conversion] | type[Repeat] | type[Probe], now: datetime) -> ColumnElement[bool]:
    """Whether a row is queued, or its converter has not come back."""
    return or_(
        table.state == ConversionState.QUEUED, (table.state == ConversionState.RUNNING) & (table.lease_until < now)
    )


class Claims:
    """The claims of one converter on rows of one table.

    Args:
        database: has the table.
        table: of conversions, of repeats or of probes.
        time_s: what one conversion may take.
    """

    def __init__(self, database: Database, table: type[Conversion] | type[Repeat] | type[Probe], time_s: float) -> None:
        self._database, self._table = database, table
        #: Longer than any silence of a converter that lives.
        self.lease = timedelta(seconds=time_s + LEASE_MARGIN_S)

    @contextmanager
    def working_on(
        self, rows: Sequence[Conversion | Repeat | Probe], broken_off: Callable[[Exception], None]
    ) -> Iterator[None]:
        """While a batch is worked on. Afterwards what is not at its end is queued again.

        An error of the farm's own code is logged and told to ``broken_off``: it says nothing of any network, and is not tried
        again and again.
        """
        try:
            yield
        except InfrastructureError:
            raise
        except Exception as error:
            log.exception("a batch of %ss broke off", self._table.__tablename__)
            broken_off(error)
        finally:
            with self._database.write() as session:
                self.move(session, rows, ConversionState.QUEUED)

    def renew(self, rows: Sequence[Conversion | Repeat | Probe]) -> None:
        """Hold on to what is still running."""
        with self._database.write() as session:
            self.move(session, rows, ConversionState.RUNNING)

    def move(self, session: Session, rows: Sequence[Conversion | Repeat | Probe], state: ConversionState) -> set[int]:
        """Move those that are still running; returns their ids. Their lease runs from now."""
        table = self._table
        moved = (
            update(table)
            .where(table.id.in_([row.id for row in rows]), table.state == ConversionState.RUNNING)
            .values(state=state, lease_until=utc_now() + self.lease)
            .returning(table.id)
        )
        return set(session.scalars(moved))
