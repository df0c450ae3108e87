"""Figures in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.words import number_of, percent, size_words, span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0.0 s"), (0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1 min"), (7169, "119 min"), (7170, "2.0 h"),
        (9000, "2.5 h"), (172_769, "48.0 h"), (172_770, "2.0 d"), (786_240, "9.1 d"),
    ],
)  # fmt: skip
def test_a_span_of_time_is_read_at_a_glance(seconds: float, said: str) -> None:
    assert span(seconds) == span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 29, "1.5 GiB"), (5000 << 40, "5000.0 TiB")],
)
def test_a_size_has_the_unit_that_fits(size_bytes: int, said: str) -> None:
    assert size_words(size_bytes) == said


@pytest.mark.parametrize(
    ("chance", "said"),
    [(0.0, "<1 %"), (0.004, "<1 %"), (0.01, "1 %"), (0.5, "50 %"), (0.99, "99 %"), (0.997, ">99 %"), (1.0, ">99 %")],
)
def test_what_is_only_likely_is_never_shown_as_certain(chance: float, said: str) -> None:
    assert percent(chance) == said


def test_of_one_the_word_is_another() -> None:
    assert [number_of(n, "job") for n in (0, 1, 2)] == ["0 jobs", "1 job", "2 jobs"]
