"""What is written, what is meant and what is found agree, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mcore.checkpoints import CheckpointStore, FilterError, where
from mcore.checkpoints.filters import parse
from mcore.checkpoints.filters.nodes import And, Compare, Expr, Has, Literal, Name, Not, OneOf, Or, Query
from mcore.checkpoints.tables import CheckpointRow
from tests.mcore.checkpoints.filters.oracle import QUERIES, fill, found

QUICK = settings(max_examples=70, suppress_health_check=list(HealthCheck))


@QUICK
@given(QUERIES)
def test_a_query_as_text_parses_to_itself(query: Query) -> None:
    assert parse(str(query)) == query


@QUICK
@given(st.text(st.sampled_from("task='\"<>!=().,0123 andornotinhasisnulllimitorderby\n\té\0"), max_size=40))
@example("((((")
@example("metrics.")
@example("'a' in 'b'")
@example("\ud800")
def test_any_text_is_a_query_or_an_error_with_a_column(text: str) -> None:
    error = None
    try:
        parse(text)
    except FilterError as raised:
        error = raised
    if error is not None:
        assert 1 <= error.column <= len(text) + 1
        assert str(error).startswith(f"filter, column {error.column}: ")
        assert "\n" not in str(error)


def test_a_search_finds_what_the_filter_means(store: CheckpointStore) -> None:
    checkpoints = fill(store)
    with store.database.read() as session:
        rows = {row.id: row for row in session.scalars(select(CheckpointRow))}
        session.expunge_all()

    @QUICK
    @given(QUERIES)
    def compare(query: Query) -> None:
        assert [c.id for c in store.search(query)] == found(query, checkpoints, rows)

    compare()


def test_words_need_no_quotes_and_a_metric_no_prefix(store: CheckpointStore) -> None:
    fill(store)
    long = "task = 'segmentation' and metrics.miou > 0.6 and 'RGB' in channels and channels = 'RGB+mask'"
    short = "task == segmentation AND miou > .6 and channels has RGB and not channels != 'RGB+mask'"
    assert [c.id for c in store.search(long)] == [c.id for c in store.search(short)] != []
    assert store.search("optimizer = SGD") == store.search("optimiser = SGD") != []
    assert store.search("parameters.flag = true") == store.search("parameters.flag = 'true'") != []


def test_the_language_and_python_say_the_same(store: CheckpointStore) -> None:
    fill(store)
    text = "(task = 'segmentation' or epoch > 2.0) and not tags has 'prod' order by metrics.miou desc limit 3"
    condition = ((where.task == "segmentation") | (where.epoch > 2)) & ~where.tags.has("prod")
    assert store.search(text) == store.search(condition, order=[where.metrics.miou.desc()], limit=3) != []
    assert store.search(where.task.one_of("a", "segmentation") & ~where.epoch.is_null()) == store.search(
        "task in (a, segmentation) and epoch is not null"
    )


def test_binding_is_as_everywhere() -> None:
    a, b, c = (Compare(Name(n), "=", Literal(1.0)) for n in ("epoch", "step", "lr"))
    assert parse("epoch = 1 or step = 1 and lr = 1").where == Or((a, And((b, c))))
    assert parse("(epoch = 1 or step = 1) and lr = 1").where == And((Or((a, b)), c))
    assert parse("'x' in tags").where == Has(Name("tags"), Literal("x"))
    assert parse("'x' not in tags").where == Not(Has(Name("tags"), Literal("x")))
    assert parse("epoch not in (1)").where == Not(OneOf(Name("epoch"), (Literal(1.0),)))
    assert parse("") == Query()


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (where.epoch == 1, "epoch = 1"), (where.epoch != 1, "epoch != 1"), (where.epoch < 1, "epoch < 1"),
        (where.epoch <= 1, "epoch <= 1"), (where.epoch > 1, "epoch > 1"), (where.epoch >= 1, "epoch >= 1"),
        (where.task.contains("x"), "task contains x"),
    ],
)  # fmt: skip
def test_every_comparison_can_be_made_in_python(made: Expr, text: str) -> None:
    assert made == parse(text).where


@pytest.mark.parametrize("combine", [lambda a, b: a and b, lambda a, b: a or b, lambda a, _: not a])
def test_conditions_have_no_truth_value(combine: Callable[[Expr, Expr], object]) -> None:
    with pytest.raises(TypeError, match="combine conditions"):
        combine(where.epoch > 1, where.step > 1)
