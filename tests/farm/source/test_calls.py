"""Calls that reach what is not written as a name."""

import ast

import pytest

from farm.source.calls import asked_for
from farm.source.modules import NAMES, index
from farm.source.walk import facts


def facts_of(source, name="f"):
    return facts(index("models.m", "models/m.py", False, "id", source.encode()), name)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from importlib import import_module\nf = import_module('a')", [("'a'", ())]),
        ("from importlib import import_module\nf = import_module('a').b.c", [("'a'", ("b", "c"))]),
        ("from importlib import import_module\nf = getattr(import_module('a'), 'b')", [("'a'", ("b",))]),
        ("import importlib\nf = importlib.import_module(x, 'p')", [("x", ())]),
        ("import importlib as i\nf = i.import_module(x)", [("x", ())]),
        ("f = __import__(x).y", [("x", ("y",))]),
        ("import sys\nf = sys.modules[x].y", [("x", ("y",))]),
        ("import runpy\nf = runpy.run_module(x)", [("x", ())]),
        ("import runpy\nf = runpy.run_path(x)", [(None, ())]),
        ("import runpy\nf = runpy.run_path('a.py')", []),
        ("from importlib import import_module\nf = import_module", [(None, ())]),
        ("import importlib\nf = importlib.import_module", [(None, ())]),
        ("import importlib\nf = [importlib.import_module, 1]", [(None, ())]),
        ("def f():\n    from importlib import import_module as g\n    return g(x)", [("x", ())]),
        ("def f(import_module):\n    return import_module(x)", []),
        ("def import_module(n):\n    pass\nf = import_module('a')", []),
        ("def f():\n    return obj.import_module('a')", []),
    ],
)
def test_imports(source, expected):
    found = facts_of(source).imports
    assert [(p.name and ast.unparse(p.name), p.attributes) for p in found] == expected


def test_the_package_of_a_relative_name():
    for call in ("import_module('.a', 'p')", "import_module('.a', package='p')"):
        (place,) = facts_of(f"from importlib import import_module\nf = {call}").imports
        assert ast.unparse(place.package) == "'p'"
        assert place.text == call
        assert place.line == 2


@pytest.mark.parametrize(
    ("source", "opaque"),
    [
        ("def f(o, n):\n    return getattr(o, n)", True),
        ("def f(o, n):\n    return getattr(o, n, None)", True),
        ("def f(o, n):\n    return getattr(o, 'n')", False),
        ("def f(self, n):\n    return getattr(self, n)", False),
        ("def f(o, n):\n    return hasattr(o, n)", False),
        ("def f(o):\n    return {n: getattr(o, n) for n in o.names}", False),
        ("def f(o):\n    return {n + 'x': getattr(o, n) for n in o.names}", True),
        ("def f(o):\n    return {m: getattr(o, n) for m, n in o.names}", True),
        ("def f(o):\n    return [getattr(o, n) for n in o.names]", True),
        ("def f(o):\n    return vars(o)", True),
        ("def f(o):\n    return dir(o)", True),
        ("def f(o):\n    return o.__dict__", True),
        ("import inspect\ndef f(o):\n    return inspect.getmembers(o)", True),
        ("def f(getattr, o, n):\n    return getattr(o, n)", False),
    ],
)
def test_attributes_by_a_computed_name(source, opaque):
    assert bool(facts_of(source).opaque) is opaque


@pytest.mark.parametrize(
    ("source", "opaque"),
    [
        ("def __getattr__(n):\n    return getattr(m, n)", False),
        ("def __getattr__(n):\n    for m in ms:\n        if hasattr(m, n):\n            return getattr(m, n)", False),
        ("def __getattr__(n):\n    n = n.lower()\n    return getattr(m, n)", True),
        ("def __getattr__(n):\n    return getattr(m, n + 'x')", True),
        ("def __getattr__(n):\n    return [getattr(m, n) for n in ns]", True),
        ("def __getattr__(n, o=1):\n    return getattr(m, n)", True),
    ],
)
def test_a_getattr_of_the_module_hands_on_the_name_that_it_is_asked_for(source, opaque):
    assert bool(facts_of(source, "__getattr__").opaque) is opaque


@pytest.mark.parametrize(
    ("source", "opaque"),
    [
        ("globals().update(vars(m))", False),
        ("globals().update({n: getattr(m, n) for n in ns})", False),
        ("for n in ns:\n    globals()[n] = getattr(m, n)", False),
        ("for n in ns:\n    globals()[n + 'x'] = getattr(m, n)", True),
        ("globals().update({n.lower(): v for n, v in vars(m).items()})", True),
    ],
)
def test_filling_the_own_namespace(source, opaque):
    found = facts_of(source, NAMES)
    assert bool(found.opaque) is opaque
    assert found.own_names == []


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("def f(n):\n    return globals()[n]", True),
        ("def f():\n    return globals()", True),
        ("def f():\n    return globals().get('a')", True),
        ("def f():\n    return globals()['a']", False),
        ("def f():\n    return locals(), vars()", False),
        ("f = sorted(globals())", True),
        ("f = vars()", True),
        ("def f(n):\n    return eval(n)", True),
        ("def f(n):\n    exec(n)", True),
        ("def f(n, eval):\n    return eval(n)", False),
    ],
)
def test_reading_the_own_namespace(source, reads):
    assert bool(facts_of(source).own_names) is reads


def test_a_literal_name_of_the_own_namespace_is_a_reference():
    assert [str(r) for r in facts_of("def f():\n    return globals()['a']").references] == ["a"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def __getattr__(name):\n    return 1", "name"),
        ("def __getattr__(name):\n    name = 2\n    return name", ""),
        ("def __getattr__():\n    return 1", ""),
        ("def other(name):\n    return 1", ""),
        ("x = 1", ""),
    ],
)
def test_what_a_getattr_is_asked_for(source, expected):
    assert asked_for(ast.parse(source).body[0]) == expected
