"""The order of jobs."""

import pytest

from farm.source.catalogue import Architecture, Kind
from farm.source.closure import Closure
from farm.source.priority import priorities


def make(kind: Kind, name: str, *reaches: str) -> tuple[Architecture, Closure]:
    definition = f"models.{kind}.{name}"
    reached = dict.fromkeys((definition, *reaches))
    return (
        Architecture(name, kind, f"models.{kind}", definition, "f.py", 1),
        Closure(definition, "hash", "code", reached, {}, (), {}),  # type: ignore[arg-type]
    )


@pytest.fixture
def table():
    return dict(
        [
            make(Kind.BLOCK, "Rare", "models.block.Common"),
            make(Kind.BLOCK, "Common"),
            make(Kind.BLOCK, "Unused"),
            make(Kind.HEAD, "Head"),
            make(Kind.ATTENTION, "Attention"),
            make(Kind.NECK, "Neck"),
            make(Kind.BACKBONE, "Backbone", "models.block.Common"),
            make(Kind.NETWORK, "zeta", "models.block.Common", "models.backbone.Backbone"),
            make(Kind.NETWORK, "beta", "models.block.Common", "models.head.Head", "models.backbone.Backbone"),
            make(Kind.NETWORK, "alpha", "models.block.Common", "models.block.Rare", "models.neck.Neck"),
        ]
    )


def order(*arguments, **options):
    return [a.name for a in priorities(*arguments, **options)]


def test_the_task_list_then_networks_then_parts_by_how_often_networks_reach_them(table):
    assert order(table, ["zeta", "alpha"]) == [
        "zeta", "alpha", "beta", "Common", "Backbone", "Neck", "Head", "Rare", "Attention", "Unused",
    ]  # fmt: skip


def test_places_are_counted_from_zero(table):
    places = priorities(table, ["zeta"])
    assert list(places.values()) == list(range(10))
    assert next(iter(places)).name == "zeta"


def test_without_a_task_list_networks_are_by_name(table):
    assert order(table)[:3] == ["alpha", "beta", "zeta"]


def test_a_task_list_names_networks_only_and_may_name_what_is_not_there(table):
    assert order(table, ["Head", "gone", "zeta", "zeta"])[:4] == ["zeta", "alpha", "beta", "Common"]


def test_does_not_depend_on_the_order_given(table):
    assert order(dict(reversed(list(table.items()))), ["beta"]) == order(table, ["beta"])


def test_nothing():
    assert priorities({}) == {}
