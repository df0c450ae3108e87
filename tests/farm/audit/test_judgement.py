"""Recall and precision: by hand, and for any audit."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from farm.audit.judgement import Figures, Judged, figures

HIT = Judged("network:hit", True, "a", "b")
MISS = Judged("network:miss", False, "a", "b")
SPARED = Judged("network:spared", False, "a", "a")
WASTED = Judged("network:wasted", True, "a", "a")
UNKNOWN = Judged("network:unknown", False, "", "a", "the converter died")


def test_what_changed_and_what_was_missed() -> None:
    assert [row.changed for row in (HIT, MISS, SPARED, WASTED, UNKNOWN)] == [True, True, False, False, None]
    assert [row.missed for row in (HIT, MISS, SPARED, WASTED, UNKNOWN)] == [False, True, False, False, False]
    assert replace(MISS, note="it differs each time").missed is False


def test_a_refusal_that_becomes_a_bundle_is_a_change() -> None:
    assert Judged("network:x", False, "MODEL_FAILED", "a").missed
    assert not Judged("network:x", False, "MODEL_FAILED", "MODEL_FAILED").missed


def test_the_figures_by_hand() -> None:
    found = figures([HIT, HIT, MISS, SPARED, WASTED, WASTED, UNKNOWN])
    assert found == Figures(judged=6, changed=3, selected=4, hits=2)
    assert (found.recall, found.precision) == (2 / 3, 0.5)


def test_of_nothing_there_is_no_share() -> None:
    assert (figures([]).recall, figures([]).precision) == (None, None)
    assert (figures([WASTED]).recall, figures([WASTED]).precision) == (None, 0.0)
    assert (figures([MISS]).recall, figures([MISS]).precision) == (0.0, None)


@given(
    st.lists(
        st.builds(Judged, st.just("k"), st.booleans(), st.sampled_from(["", "a", "b"]), st.sampled_from(["", "a", "b"]))
    )
)
def test_recall_is_one_just_where_nothing_was_missed(rows: list[Judged]) -> None:
    found = figures(rows)
    missed = sum(row.missed for row in rows)
    assert found.changed - found.hits == missed
    assert found.recall is None or (found.recall == 1) == (missed == 0)
    assert found.hits <= min(found.changed, found.selected) <= found.judged <= len(rows)
