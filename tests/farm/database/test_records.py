from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Device
from farm.database.records import clipped, record_unit
from tests.farm.rows import START


def test_a_unit_is_known_by_type_and_name(database: Database) -> None:
    with database.write() as session:
        first = record_unit(session, "numpy", "bench-1", START)
        assert record_unit(session, "numpy", "bench-1", START) is first
        assert record_unit(session, "torch", "bench-1", START) is not first
        assert len(session.scalars(select(Device)).all()) == 2


@given(st.text(max_size=80), st.integers(1, 40))
def test_what_is_clipped_is_short_and_harmless(text: str, limit: int) -> None:
    cut = clipped(text, limit)
    assert len(cut) <= limit
    assert not any(ord(c) < 32 and c not in "\t\n\r" for c in cut)
    assert "\x7f" not in cut
    if len(text) <= limit:
        assert len(cut) == len(text)
    else:
        assert cut.endswith("…")
    assert clipped(cut, limit) == cut
