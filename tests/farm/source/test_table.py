"""Sets of rows: what each row reaches, whatever circles there are, and closures as views of one table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.source.table import DefinitionHash, Lazy, Row, Table, digest_of


def row(name: str, *following: int) -> Row:
    return Row(name, DefinitionHash("f.py", 1, f"hash of {name}", (), {}, {}), following, (), ())


@st.composite
def tables(draw: st.DrawFn) -> Table:
    size = draw(st.integers(1, 12))
    edges = draw(st.lists(st.lists(st.integers(0, size - 1), max_size=4), min_size=size, max_size=size))
    return Table([row(f"d{i}", *following) for i, following in enumerate(edges)])


def walked(table: Table, start: int) -> set[int]:
    seen, pending = {start}, [start]
    while pending:
        new = set(table.rows[pending.pop()].following) - seen
        seen |= new
        pending += new
    return seen


@given(tables())
def test_a_row_reaches_what_a_walk_finds(table: Table) -> None:
    for start, mask in enumerate(table.reached()):
        assert {i for i in range(len(table.rows)) if mask >> i & 1} == walked(table, start)


@given(tables())
def test_the_views_of_a_set_are_of_its_rows_alone(table: Table) -> None:
    mask = table.reached()[0]
    names = {table.rows[i].name for i in walked(table, 0)}
    definitions, edges = table.definitions(mask), table.edges(mask, "d0")
    assert set(definitions) == set(edges) == names
    assert len(definitions) == len(edges) == len(names)
    for i, r in enumerate(table.rows):
        assert (r.name in edges) == (r.name in definitions) == (i in walked(table, 0))
    assert all(set(edges[name]) <= names for name in edges)


def test_a_definition_that_is_a_mechanism_too_has_the_edges_of_those_in_the_set() -> None:
    table = Table([row("x", 2), row("x", 3), row("y"), row("z")])
    assert dict(table.edges(0b1111, "x")) == {"x": ("y", "z"), "y": (), "z": ()}
    assert dict(table.edges(0b0101, "x")) == {"x": ("y",), "y": ()}


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), max_size=8), st.integers(0, 255))
def test_a_digest_is_of_the_set_of_its_rows(digests: list[bytes], mask: int) -> None:
    ordered, mask = sorted(digests), mask & ((1 << len(digests)) - 1)
    assert digest_of(mask, ordered) == b"".join(sorted({d for i, d in enumerate(ordered) if mask >> i & 1}))


def test_a_lazy_mapping_is_made_once_and_when_it_is_asked() -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"a": 1, "b": 2}

    lazy = Lazy(make)
    assert made == []
    assert (lazy["a"], "b" in lazy, "c" in lazy, len(lazy), list(lazy)) == (1, True, False, 2, ["a", "b"])
    assert dict(lazy.items()) == {"a": 1, "b": 2} == dict(zip(lazy.keys(), lazy.values(), strict=True))
    assert lazy.get("c", 3) == 3
    assert repr(lazy) == "{'a': 1, 'b': 2}"
    with pytest.raises(KeyError):
        lazy["c"]
    assert made == [1]
