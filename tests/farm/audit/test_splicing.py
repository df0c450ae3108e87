"""Files between two versions: which definitions changed, and any of them put into the old file."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.audit.splicing import changed_definitions, spliced

OLD = '''\
"""A module."""

import math

SIZE = 3


@decorated
def first(x):
    return x + SIZE


class Second:
    """A class."""

    def run(self):
        return 1


# about the last one
def last():
    return 2
'''


def edited(*pairs: tuple[str, str]) -> str:
    text = OLD
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("new", "names"),
    [
        (edited(("SIZE = 3", "SIZE = 4")), {"SIZE": 5}),
        (edited(("x + SIZE", "x - SIZE"), ("return 2", "return 3")), {"first": 8, "last": 21}),
        (edited(("return 1", "return 0")), {"Second": 13}),
        (edited(("@decorated\n", "")), {"first": 8}),
        (edited(("# about the last one", "# of the last one"), ("return 2", "return (2)")), {}),
        (edited(("def last", "def newest")), {"newest": 21, "last": 0}),
        (edited(("import math", "import cmath")), {"import cmath": 3, "import math": 0}),
        (OLD + "\n\nSIZE = 5\n", {"SIZE (2)": 25}),
        (edited(("def last():", "def last(:")), {}),
    ],
)
def test_changed_definitions_by_name_and_line(new: str, names: dict[str, int]) -> None:
    assert changed_definitions(OLD, new) == names


def test_one_of_two_changes() -> None:
    new = edited(("SIZE = 3", "SIZE = 4"), ("return 2", "return 3"))
    assert ast.dump(ast.parse(spliced(OLD, new, ["SIZE"]))) == ast.dump(ast.parse(edited(("SIZE = 3", "SIZE = 4"))))
    assert ast.dump(ast.parse(spliced(OLD, new, []))) == ast.dump(ast.parse(OLD))


def test_what_is_new_goes_behind_what_it_stands_behind_and_what_is_gone_goes() -> None:
    new = edited(
        ("SIZE = 3\n", "SIZE = 3\nWIDTH = 2 * SIZE\n"), ("# about the last one\ndef last():\n    return 2\n", "")
    )
    assert [ast.unparse(s).split("\n")[0] for s in ast.parse(spliced(OLD, new, ["WIDTH"])).body][2:4] == [
        "SIZE = 3",
        "WIDTH = 2 * SIZE",
    ]
    assert "last" not in spliced(OLD, new, ["last"])
    assert "WIDTH" not in spliced(OLD, new, ["last"])


def test_statements_of_one_line_stay_together() -> None:
    assert changed_definitions("a = 1; b = 2\nc = 3\n", "a = 1; b = 4\nc = 3\n") == {"a": 1}
    assert spliced("a = 1; b = 2\nc = 3\n", "a = 1; b = 4\nc = 5\n", ["a"]) == "a = 1; b = 4\nc = 3\n"


STATEMENTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 2), min_size=1, max_size=6)


def module(values: dict[str, int]) -> str:
    return "".join(f"def {name}():\n    return {value}\n\n\n" for name, value in values.items())


@given(STATEMENTS, STATEMENTS)
def test_with_all_changes_it_is_the_new_file_and_with_none_the_old_one(
    old: dict[str, int], new: dict[str, int]
) -> None:
    before, after = module(old), module(new)
    changed = changed_definitions(before, after)
    assert set(changed) == {name for name in old | new if old.get(name) != new.get(name)}

    def values(text: str) -> dict[str, int]:
        space: dict[str, object] = {}
        exec(text, space)
        return {name: value() for name, value in space.items() if name in "abcdefgh"}  # type: ignore[operator]

    assert values(spliced(before, after, list(changed))) == new
    assert values(spliced(before, after, [])) == old
    for name in changed:
        expected = {**old, name: new[name]} if name in new else {n: v for n, v in old.items() if n != name}
        assert values(spliced(before, after, [name])) == expected


def test_a_line_ends_where_python_ends_it() -> None:
    """Not at a form feed, which parts the sections of a file, nor at other ends of lines in a text."""
    old = "SIZE = 1\n\f\nTEXT = 'a\x1c\u2028b'\n\n\ndef last():\n    return 1\n"
    new = old.replace("return 1", "return 2")
    assert changed_definitions(old, new) == {"last": 6}
    assert spliced(old, new, {"last"}) == new
    assert spliced(old.replace("\n", "\r\n"), new.replace("\n", "\r\n"), {"last"}) == new
