"""Which names are local."""

import ast
import textwrap

import pytest

from farm.source.modules import Import, index
from farm.source.scopes import Kind, Scope, class_scope, comprehension_scope, function_scope

MATCH = """\
def f():
    match a:
        case [b, *c] if d:
            pass
        case {"k": e, **g}:
            h = 1
        case C(x=i) as j:
            pass
"""
TOP = Scope(Kind.MODULE)


def function(source):
    text = textwrap.dedent(source)
    module = index("models.a.m", "models/a/m.py", False, "id", text.encode())
    return function_scope(module, ast.parse(text).body[0], TOP, "f")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, /, b, *c, d=1, **e):\n    pass", {"a", "b", "c", "d", "e"}),
        ("def f():\n    a = b = 1\n    c, *d = e", {"a", "b", "c", "d"}),
        ("def f():\n    a += 1", {"a"}),
        ("def f():\n    a: int", {"a"}),
        ("def f():\n    del a", {"a"}),
        ("def f():\n    for a, (b, c) in d:\n        e = 1", {"a", "b", "c", "e"}),
        ("def f():\n    with a as b, c as (d, e):\n        pass", {"b", "d", "e"}),
        (
            "def f():\n    try:\n        pass\n    except E as a:\n        b = 1\n    else:\n        c = 1",
            {"a", "b", "c"},
        ),
        ("def f():\n    import a.b, c as d\n    from e import g as h, i", {"a", "d", "h", "i"}),
        ("def f():\n    def g():\n        a = 1\n    class C:\n        b = 1", {"g", "C"}),
        ("def f():\n    return [a for a in b]", set()),
        ("def f():\n    return [(a := b) for b in c]", {"a"}),
        ("def f():\n    while (a := b):\n        pass", {"a"}),
        ("def f():\n    return lambda a: a", set()),
        ("def f():\n    global a\n    a = b = 1", {"b"}),
        ("def f():\n    nonlocal a\n    a = 1", set()),
        (MATCH, {"b", "c", "e", "g", "h", "i", "j"}),
        ("def f():\n    a.b = 1\n    c[d] = 2", set()),
        ("async def f():\n    async for a in b:\n        pass\n    async with c as d:\n        pass", {"a", "d"}),
        ("def f():\n    for a.b in c:\n        pass", set()),
    ],
)
def test_names_of_a_function(source, expected):
    assert function(source).names == expected


def test_imports():
    scope = function("def f():\n    import a.b\n    import c.d as e\n    from ..g import h\n    from . import i as j\n")
    assert scope.imports == {
        "a": Import("a"),
        "e": Import("c.d"),
        "h": Import("models.g", "h"),
        "j": Import("models.a", "i"),
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    a = b + 1", ("b + 1", False)),
        ("def f():\n    for a in (1, 2):\n        pass", ("(1, 2)", True)),
        ("def f():\n    if (a := b):\n        pass", ("b", False)),
        ("def f(a):\n    pass", None),
        ("def f(a):\n    a = 1", None),
        ("def f():\n    a = 1\n    a = 2", None),
        ("def f():\n    a = 1\n    a += 2", None),
        ("def f():\n    a, b = 1, 2", None),
        ("def f():\n    a = 1\n    for a in b:\n        pass", None),
        ("def f():\n    import a", None),
    ],
)
def test_the_one_value_of_a_name(source, expected):
    value = function(source).values["a"]
    assert (value and (ast.unparse(value[0]), value[1])) == expected


class TestHome:
    def test_the_innermost_function_that_binds_it(self):
        outer = Scope(Kind.FUNCTION, TOP, {"a", "b"})
        inner = Scope(Kind.FUNCTION, outer, {"b"})
        assert inner.home("a") is outer
        assert inner.home("b") is inner
        assert inner.home("c") is None

    def test_a_class_body_is_seen_by_itself_alone(self):
        body = Scope(Kind.CLASS, TOP, {"a"})
        method = Scope(Kind.FUNCTION, body, {"self"})
        assert body.home("a") is body
        assert method.home("a") is None

    def test_a_class_in_a_function(self):
        function_ = Scope(Kind.FUNCTION, TOP, {"a"})
        method = Scope(Kind.FUNCTION, Scope(Kind.CLASS, function_, {"a"}))
        assert method.home("a") is function_


def test_comprehension():
    node = ast.parse("[x for x, y in a for z in b]", mode="eval").body
    scope = comprehension_scope(node, TOP)
    assert scope.names == {"x", "y", "z"}
    assert scope.values["x"] is None
    assert ast.unparse(scope.values["z"][0]) == "b"


def test_class_body():
    text = "class C:\n    a = 1\n    def b(self):\n        c = 2\n    import d\n"
    scope = class_scope(index("m", "m.py", False, "id", text.encode()), ast.parse(text).body[0], TOP)
    assert scope.names == {"a", "b", "d"}
    assert scope.kind is Kind.CLASS
