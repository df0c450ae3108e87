"""The files that begin first are there, and the order keeps every test."""

from pathlib import Path

import pytest

from tests.longest import LONGEST, by_length

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", LONGEST)
def test_a_file_that_begins_early_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_each_begins_once() -> None:
    assert len(set(LONGEST)) == len(LONGEST)


def test_the_longest_come_first_then_those_of_many_tests_and_a_file_stays_as_it_is() -> None:
    items = ["a::2", "b::1", "c::9", "a::1", "d::1", "c::1", "c::5"]
    found = by_length(items, lambda item: item[0], ["d", "b", "gone"])
    assert found == ["d::1", "b::1", "c::9", "c::1", "c::5", "a::2", "a::1"]
