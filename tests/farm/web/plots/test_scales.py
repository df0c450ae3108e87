from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from farm.web.plots.scales import TICKS, Scale, linear, logarithmic
from tests.farm.web.plots.drawn import figures

many = st.lists(figures, max_size=8)


@given(many, st.sampled_from([linear, logarithmic]), st.tuples(figures, figures))
def test_every_figure_has_a_place_and_larger_ones_stand_further(values: list[float], make: object, two: object) -> None:
    scale = make(values, 100.0, 10.0)  # type: ignore[operator]
    places = [scale.place(value) for value in values]
    assert all(10.0 <= place <= 100.0 for place in places)
    low, high = sorted(two, key=lambda v: (math.isnan(v), v))  # type: ignore[call-overload]
    assert scale.place(low) >= scale.place(high)  # the axis goes up


@given(many, st.sampled_from([linear, logarithmic]))
def test_ticks_are_few_in_order_and_reach_from_end_to_end(values: list[float], make: object) -> None:
    ticks = make(values, 0.0, 100.0).ticks  # type: ignore[operator]
    places = [tick.place for tick in ticks]
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == (0.0, 100.0)
    assert 2 <= len(ticks) <= TICKS + 1
    assert len({tick.label for tick in ticks}) == len(ticks)


@example([9.999999999999346e299])
@given(st.lists(st.floats(min_value=1e-300, max_value=1e300), min_size=1))
def test_what_is_finite_stays_on_the_scale(values: list[float]) -> None:
    for scale in (linear(values, 0.0, 1.0), logarithmic(values, 0.0, 1.0)):
        assert scale.high >= max(values)
    assert logarithmic(values, 0.0, 1.0).low <= min(values)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([3.1], ["0", "1", "2", "3", "4"]),
        ([120.0, 7.0], ["0", "50", "100", "150", "200"]),
        ([0.0], ["0", "0.25", "0.5", "0.75", "1"]),
        ([], ["0", "0.25", "0.5", "0.75", "1"]),
    ],
)
def test_a_linear_scale_begins_at_zero(values: list[float], labels: list[str]) -> None:
    assert [tick.label for tick in linear(values, 0.0, 1.0).ticks] == labels


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([2e-7, 3e-6], ["1e-7", "1e-6", "1e-5"]),
        ([1e-6], ["1e-6", "1e-5"]),
        ([0.0, 5.0], ["1", "10"]),
        ([1e-9, 1.0], ["1e-9", "1e-6", "1e-3", "1"]),
        ([math.inf, math.nan], ["1", "10"]),
    ],
)
def test_a_logarithmic_scale_has_whole_decades(values: list[float], labels: list[str]) -> None:
    assert [tick.label for tick in logarithmic(values, 0.0, 1.0).ticks] == labels


def test_a_decade_is_as_long_as_another() -> None:
    scale = Scale(1e-6, 1e-2, 0.0, 400.0, log=True)
    assert [round(scale.place(v)) for v in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)] == [0, 100, 200, 300, 400]
    assert (scale.place(0.0), scale.place(-1.0), scale.place(math.nan), scale.place(math.inf)) == (0, 0, 400, 400)
