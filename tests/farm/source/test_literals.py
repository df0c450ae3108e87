"""What strings an expression can be."""

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.source.literals import Environment, strings

NAMES = {
    "PACKAGE": "'models'",
    "HOMES": "{'a': 'models.a', 'b': 'models.b', **MORE}",
    "MORE": "{'c': 'models.c'}",
    "LISTED": "('x', 'y')",
    "KEYED": "{**dict.fromkeys(('p', 'q'), 'one'), **dict.fromkeys(['r'], 'two')}",
    "OPAQUE": "{'a': 'models.a', **unknown}",
    "LOOP": "LOOP",
    "NUMBER": "3",
}


def find(name):
    if name == "each":
        return ast.parse("LISTED", mode="eval").body, True, ENVIRONMENT
    text = NAMES.get(name)
    return (ast.parse(text, mode="eval").body, False, ENVIRONMENT) if text else None


ENVIRONMENT = Environment(find, {"__name__": "models.net"})


def strings_of(text, env=ENVIRONMENT):
    return strings(ast.parse(text, mode="eval").body, env)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a'", {"a"}),
        ("f'a'", {"a"}),
        ("f'a.{x}'", {"a.*"}),
        ("f'{PACKAGE}.{x}.b'", {"models.*.b"}),
        ("f'{PACKAGE:>9}'", {"*"}),
        ("f'{PACKAGE!s}'", {"models"}),
        ("'a' + 'b'", {"ab"}),
        ("'a' + x", {"a*"}),
        ("PACKAGE + '.' + x", {"models.*"}),
        ("a / 'b' / 'c.txt'", {"*/b/c.txt"}),
        ("a / f'{x}.txt'", {"*/*.txt"}),
        ("os.path.join(a, 'b', 'c')", {"*/b/c"}),
        ("Path('a').joinpath('b', x)", {"a/b/*"}),
        ("str(Path('a') / 'b')", {"a/b"}),
        ("'a' if x else 'b'", {"a", "b"}),
        ("x or 'b'", {"*", "b"}),
        ("HOMES['a']", {"models.a"}),
        ("HOMES['c']", {"models.c"}),
        ("HOMES['z']", set()),
        ("HOMES[x]", {"models.a", "models.b", "models.c"}),
        ("HOMES.get(x)", {"models.a", "models.b", "models.c"}),
        ("OPAQUE['a']", {"*"}),
        ("LISTED[x]", {"x", "y"}),
        ("LISTED[0]", {"x", "y"}),
        ("[PACKAGE, 'b'][x]", {"models", "b"}),
        ("[*LISTED][x]", {"*"}),
        ("KEYED['p']", {"one"}),
        ("KEYED['r']", {"two"}),
        ("KEYED[x]", {"one", "two"}),
        ("list(HOMES.values())[x]", {"models.a", "models.b", "models.c"}),
        ("each", {"x", "y"}),
        ("f'm.{each}'", {"m.x", "m.y"}),
        ("__name__", {"models.net"}),
        ("LOOP", {"*"}),
        ("NUMBER", {"*"}),
        ("x", {"*"}),
        ("f(x)", {"*"}),
        ("'%s' % x", {"*"}),
        ("'a' * 3", {"*"}),
        ("x.y", {"*"}),
    ],
)
def test_of(text, expected):
    assert strings_of(text) == expected


def test_a_known_name_comes_first():
    assert strings_of("f'{x}.{PACKAGE}'", ENVIRONMENT.where("x", "one")) == {"one.models"}
    assert strings_of("HOMES[x]", ENVIRONMENT.where("x", "b")) == {"models.b"}
    assert strings_of("x", ENVIRONMENT) == {"*"}


def test_too_many_possibilities_are_unknown():
    found = strings_of("f'" + "{each}" * 7 + "'")  # 128 strings
    assert found
    assert len(found) <= 64
    assert all("*" in s for s in found)
    assert strings_of("{" + ", ".join(f"'k{i}': 'v{i}'" for i in range(100)) + "}[x]") == {"*"}


def test_very_deep_expressions_are_unknown():
    assert strings_of(" + ".join(["'a'"] * 5)) == {"aaaaa"}
    assert all("*" in s for s in strings_of(" + ".join(["'a'"] * 40)))


@given(st.lists(st.one_of(st.text("ab/.", min_size=1, max_size=4), st.none()), min_size=1, max_size=6))
def test_the_real_string_always_matches_the_pattern(parts):
    """Whatever the unknown parts are, the string that comes out is one of the patterns."""
    source = "f'" + "".join("{x}" if p is None else p for p in parts) + "'"
    real = "".join("anything" if p is None else p for p in parts)
    patterns = strings_of(source)
    assert any(re.fullmatch(".*".join(map(re.escape, p.split("*"))), real) for p in patterns)
