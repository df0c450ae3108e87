"""Every mistake is told in one line, with its column."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcore.checkpoints import CheckpointStore, FilterError, where
from tests.mcore.checkpoints.filters.oracle import fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckpointStore]:
    store = CheckpointStore(tmp_path_factory.mktemp("store"))
    fill(store)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("taks = 'x'", 1, "there is no field 'taks'; did you mean task"),
        ("epoch > 1 and miuo > 1", 15, "did you mean metrics.miou"),
        ("task = 'x", 8, "a text that is not closed"),
        ("task = ", 8, "the filter ends too early"),
        ("epoch > 1 adn step > 2", 11, "'adn' does not belong here; expected and"),
        ("metrics > 1", 1, "say which: metrics.<name>; there are a=b"),
        ("task.x = 'a'", 1, "task has no parts"),
        ("metrics.miou = 'x'", 16, "metrics.miou is a number, 'x' is none"),
        ("epoch = many", 9, "epoch is a number, 'many' is none"),
        ("task = 1", 8, "task is a text, 1 is none"),
        ("dirty = 'yes'", 9, "dirty is true or false, 'yes' is none"),
        ("dirty > true", 1, "only = and != make sense"),
        ("task has 'x'", 1, "task is a text, no list: write task = 'x'"),
        ("tags = 'x'", 1, "tags is a list: write tags has 'x'"),
        ("tags has 1", 10, "tags is a list of texts"),
        ("epoch contains '1'", 1, "only a text contains another"),
        ("order by parts", 10, "parts is a list, which has no order"),
        ("limit -1", 7, "limit -1 is no count"),
        ("limit 1.5", 7, "limit 1.5 is no count"),
        ("resolution = 512x512", 14, "put a text in quotes"),
        ("(task = a", 10, "expected )"),
        ("task = a)", 9, "')' does not belong here"),
        ("created > 'soon'", 11, "'soon' is no date"),
        ("epoch > 1e999", 9, "too large a number"),
        ("task = a @", 10, "'@' does not belong here"),
        ("limit 5 order by task", 9, "expected the end"),
        ("task = '\x00'", 9, "cannot be printed"),
        (" or ".join(["epoch = 1"] * 300), 1, "more than 200 conditions"),
        ("not " * 300 + "epoch = 1", 1, "too deep"),
        ("(" * 3000 + "epoch = 1", 3010, "ends too early"),
        ("task = '" + "x" * 20_000 + "'", 10_001, "longer than"),
    ],
)
def test_a_mistake_is_one_line_with_its_column(filled: CheckpointStore, text: str, column: int, said: str) -> None:
    with pytest.raises(FilterError) as caught:
        filled.search(text)
    assert caught.value.column == column
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_mistake_in_python_shows_the_text(filled: CheckpointStore) -> None:
    with pytest.raises(FilterError) as caught:
        filled.search((where.epoch > 1) & (where.taks == "x"))
    assert caught.value.pointed() == "epoch > 1 and taks = 'x'\n              ^"
    with pytest.raises(TypeError, match="not with list"):
        where.epoch == [1]  # noqa: B015


def test_an_empty_store_finds_nothing_and_says_nothing(sqlite_store: CheckpointStore) -> None:
    assert sqlite_store.search("metrics.miou > 0.5 and task = 'x' order by metrics.miou") == []
